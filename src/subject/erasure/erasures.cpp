#include "subject/erasure/erasures.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <exception>
#include <iterator>
#include <memory>
#include <set>

#include "core/error.h"
#include "core/json.h"
#include "core/log.h"
#include "core/subject_handles.h"
#include "core/time.h"
#include "subject/custody/rows_of_sql.h"
#include "subject/erasure/dismissed_finds.h"
#include "subject/erasure/follow_up_table.h"
#include "subject/erasure/verification.h"

namespace eunomia::subject {

namespace sql = store::sql;

namespace {

using request_table::open_case;

constexpr std::string_view own_name = "subject";
constexpr std::string_view identifiers = "identifiers";
constexpr std::string_view keys_of_people = "keys";
constexpr std::string_view choices = "choices about the use of data";

struct requested_details {
  std::int64_t request = 0;
  std::uint64_t people = 0;
};
BOOST_DESCRIBE_STRUCT(requested_details, (), (request, people))

struct dismissal_details {
  std::int64_t request = 0;
  std::string file;
};
BOOST_DESCRIBE_STRUCT(dismissal_details, (), (request, file))

std::string place_of_traces(core::subject_handle key) {
  return fmt::format("subject_request.traces {}", key.value());
}

identity_traces traces_of(const open_case& one, const data_keys& keys) {
  return core::read_json<identity_traces>(unseal_text(keys.at(one.key), one.traces, place_of_traces(one.key)));
}

// Adds what was done, or found again, to what was found. What nobody found, and of which nothing was left, is not told.
void merge(std::vector<certificate_step>& steps, certificate_step done) {
  const auto known = std::ranges::find_if(
      steps, [&](const certificate_step& s) { return s.custodian == done.custodian && s.what == done.what; });
  if (known != steps.end()) {
    done.count = std::max(done.count, known->count);
    if (done.level || !known->level) {
      *known = std::move(done);
    }
  } else if (done.count > 0) {
    steps.push_back(std::move(done));
  }
}

}  // namespace

// That a pass is under way, while it lives.
class erasures::on_board {
 public:
  on_board(erasure_board& board, std::span<const std::int64_t> requests) : board_(board) { board_.begin(requests); }
  ~on_board() { board_.end(); }
  on_board(const on_board&) = delete;
  on_board& operator=(const on_board&) = delete;

 private:
  erasure_board& board_;
};

// What one finish() knows.
struct erasures::pass {
  std::vector<request_table::open_case> cases;  // not closed yet
  std::vector<core::subject_handle> people;     // of all of them, ascending
  std::vector<sought_traces> sought;            // for each case
  erasure_verification sure;
};

erasures::erasures(erasure_house in) : house_(std::move(in)) {
  house_.sql.migrate(request_table::migrations());
  house_.sql.migrate(follow_up_table::migrations());
  std::vector<core::subject_handle> waiting;
  house_.sql.read([&](sql::connection& from) {
    for (const auto& one : request_table::open_cases(from, certified_right::erasure)) {
      waiting.insert(waiting.end(), one.people.begin(), one.people.end());
    }
  });
  core::sort_and_unite(waiting);
  if (!waiting.empty()) {
    for (const auto& one : house_.all.all()) {
      if (const auto guard = one->hold_back(waiting)) {
        guard->kept();
      }
    }
  }
}

std::vector<std::unique_ptr<erasure_guard>> erasures::hold_back(std::span<const core::subject_handle> people) const {
  std::vector<std::unique_ptr<erasure_guard>> guards;
  for (const auto& one : house_.all.all()) {
    guards.push_back(one->hold_back(people));
  }
  std::erase(guards, nullptr);
  return guards;
}

std::vector<core::subject_handle> erasures::people_named(std::string_view space,
                                                         std::span<const std::string> names) const {
  const std::vector<std::string_view> raw(names.begin(), names.end());
  auto found = house_.people.find_all(space, raw);
  // But for who is being erased: what is left under their names leaves with them.
  const std::vector<bool> leaving = house_.people.withheld(space, raw);
  std::vector<std::string_view> unknown;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (found[i] == core::subject_handle() && !leaving[i]) {
      unknown.push_back(raw[i]);
    }
  }
  std::erase(found, core::subject_handle());
  for (const auto& one : house_.all.all()) {
    const auto waiting = one->known_by_name_alone(space, unknown);
    const auto enrolled = house_.people.resolve(space, waiting);
    found.insert(found.end(), enrolled.begin(), enrolled.end());
  }
  core::sort_and_unite(found);
  if (found.empty()) {
    throw core::error(core::errc::not_found, "users: none of them is known, or all were erased before");
  }
  return found;
}

std::optional<rights_request> erasures::begin_where_nothing_is_held(std::span<const core::subject_handle> people,
                                                                    const actor& by, const custody_context& with) {
  std::vector<core::subject_handle> gone(people.begin(), people.end());
  core::sort_and_unite(gone);
  // Held until the erasure holds them back itself, so that nobody acts in between.
  const auto guards = hold_back(gone);
  for (const auto& one : house_.all.all()) {
    one->leave_out_held(gone, with);
  }
  return gone.empty() ? std::nullopt : std::optional(begin(gone, by, with));
}

rights_request erasures::begin(std::span<const core::subject_handle> people, const actor& by,
                               const custody_context& with, const also_kept& also) {
  std::vector<core::subject_handle> gone(people.begin(), people.end());
  core::sort_and_unite(gone);
  std::erase(gone, core::subject_handle());
  if (gone.empty()) {
    throw core::error(core::errc::invalid_argument, "an erasure names nobody");
  }
  // What they do meanwhile is refused; afterwards they are somebody new.
  auto guards = hold_back(gone);
  const auto kept = [&] {
    for (const auto& guard : guards) {
      guard->kept();
    }
  };
  // First: somebody in the ledger who was not erased after all is erased with the next restore, as they asked.
  house_.ledger.append(gone, core::now_ms());
  rights_request made;
  try {
    made = keep(gone, by, also);
    kept();
  } catch (const core::error& problem) {
    // Whether it was committed is not known when the database was lost: then these people are lost in any case.
    if (problem.code() == core::errc::unavailable) {
      kept();
    }
    throw;
  }
  guards.clear();
  for (const auto& one : house_.all.all()) {
    for (certificate_step& left : one->leave_memory(gone, with)) {
      left.custodian = one->name();
      made.steps.push_back(std::move(left));
    }
  }
  return made;
}

rights_request erasures::keep(std::span<const core::subject_handle> gone, const actor& by, const also_kept& also) {
  return house_.sql.write([&](sql::transaction& in) {
    rights_request made;
    made.right = certified_right::erasure;
    made.requested_at = core::now_ms();
    made.deadline = one_month_after(made.requested_at);
    made.requested_by = by.text();
    made.people = gone.size();

    // While their keys are there.
    std::vector<pseudonym> names;
    for (const auto& [who, key] : house_.keys.keys_of(in, gone)) {
      names.push_back(pseudonym_of(key));
    }
    std::ranges::sort(names);
    const identity_traces traces = house_.people.traces_of(in, gone);

    request_table::open_case of;
    of.people.assign(gone.begin(), gone.end());
    of.key = house_.people.new_handle(in);
    const data_keys key = house_.keys.make_keys(in, std::span(&of.key, 1));
    of.traces = seal_text(key.at(of.key), core::write_json(traces), place_of_traces(of.key));

    for (const core::subject_handle who : gone) {
      house_.people.erase(in, who);
    }
    request_table::end_for(in, gone, made.requested_at);
    const std::string details = house_.sql.speaks() == sql::engine::sqlite
                                    ? "rows deleted and overwritten, the log emptied"
                                    : "rows deleted; copies in PostgreSQL's files open no more once the epoch of their "
                                      "key is destroyed";
    for (const auto& [what, count] :
         {std::pair(identifiers, traces.identifiers.size()), std::pair(keys_of_people, traces.keys.size())}) {
      made.steps.push_back({std::string(own_name),
                            std::string(what),
                            std::string(store_of_rows(house_.sql.speaks())),
                            level_of_deleted_rows(house_.sql.speaks()),
                            count,
                            details,
                            {},
                            {},
                            0});
    }
    made.id = request_table::insert(in, made, of);
    house_.people.withhold(in, made.id, traces.identifiers, made.requested_at);

    const std::string about = core::write_json(requested_details{made.id, made.people});
    std::vector<audit_entry> entries;
    entries.reserve(names.size());
    for (const pseudonym& name : names) {
      entries.push_back({by, "erasure.requested", name, about});
    }
    if (entries.empty()) {
      entries.push_back({by, "erasure.requested", std::nullopt, about});
    }
    house_.audit.append(in, entries);
    if (also) {
      also(in, made);
    }
    return made;
  });
}

std::vector<rights_request> erasures::finish(const custody_context& with) {
  const std::lock_guard finishing(finishing_);
  judged_anew_ = false;
  waits_for_files_before_ = 0;
  auto cases =
      house_.sql.read([](sql::connection& in) { return request_table::open_cases(in, certified_right::erasure); });
  if (cases.empty()) {
    return {};
  }
  std::vector<std::int64_t> ids;
  for (const auto& one : cases) {
    ids.push_back(one.id);
  }
  const on_board shown(board_, ids);
  pass now;
  std::ranges::copy_if(cases, std::back_inserter(now.cases), [](const auto& one) { return !one.closed(); });
  for (const auto& one : now.cases) {
    now.people.insert(now.people.end(), one.people.begin(), one.people.end());
  }
  core::sort_and_unite(now.people);
  try {
    if (!now.cases.empty()) {
      look(now, with);
      erase_everywhere(now, with);
      tell({erasure_phase::verifying, 0, 0}, with.job);
      now.sure = verify_erased(house_, now.people, now.sought, with, [&](std::uint64_t done, std::uint64_t total) {
        tell({erasure_phase::verifying, done, total}, with.job);
      });
      tell({erasure_phase::certifying, 0, 0}, with.job);
      close(now);
    }
    // What led to them leaves the log too before anything is claimed.
    house_.sql.checkpoint_truncate();
    house_.sql.write([&](sql::transaction& in) {
      const std::int64_t completed = core::now_ms();
      for (const std::int64_t id : ids) {
        request_table::complete(in, id, completed);
      }
    });
  } catch (const core::error& problem) {
    if (problem.code() != core::errc::cancelled) {
      keep_obstacle(cases, problem.kept_message());
    }
    const std::int64_t last = last_requested(now.sought);
    waits_for_files_before_ = file_from_before(house_, last) ? last : 0;
    throw;
  } catch (const std::exception& problem) {
    keep_obstacle(cases, core::kept_message_of(problem));
    throw;
  }
  for (const auto& one : house_.all.all()) {
    one->erased(now.people);
  }
  house_.audit.sign_head(core::signing_key(house_.keys.keys().signing_seed()));
  std::vector<rights_request> completed;
  completed.reserve(ids.size());
  for (const std::int64_t id : ids) {
    completed.push_back(find(id));
  }
  return completed;
}

void erasures::look(pass& in, const custody_context& with) {
  const data_keys keys = house_.sql.read([&](sql::connection& from) {
    std::vector<core::subject_handle> wanted;
    wanted.reserve(in.cases.size());
    for (const auto& one : in.cases) {
      wanted.push_back(one.key);
    }
    return house_.keys.keys_of(from, wanted);
  });
  for (const auto& one : in.cases) {
    in.sought.push_back({one.id, one.requested_at, traces_of(one, keys), one.dismissed, one.attempts});
  }
  const std::uint64_t total =
      house_.all.all().size() * static_cast<std::uint64_t>(std::ranges::count(in.cases, false, &open_case::looked));
  std::uint64_t asked = 0;
  for (auto& one : in.cases) {
    if (one.looked) {
      continue;
    }
    one.looked = true;
    for (const auto& custodian : house_.all.all()) {
      with.job.check();
      tell({erasure_phase::looking, asked++, total}, with.job);
      try {
        for (amount_held& found : custodian->find(one.people, with)) {
          merge(one.steps, {std::string(custodian->name()),
                            std::move(found.what),
                            std::move(found.store),
                            std::nullopt,
                            found.count,
                            "",
                            {},
                            {},
                            0});
        }
      } catch (const core::error& problem) {
        if (problem.code() == core::errc::cancelled) {
          throw;
        }
        // What can be erased of it is, all the same; the verification will not overlook it.
        one.looked = false;
      }
    }
  }
  keep_steps(in);
}

void erasures::keep_steps(const pass& in) {
  house_.sql.write([&](sql::transaction& to) {
    for (const auto& one : in.cases) {
      request_table::keep_steps(to, one.id, one.steps, one.looked);
    }
  });
}

void erasures::erase_everywhere(pass& in, const custody_context& with) {
  // One that fails keeps the requests waiting, and none of the others: whatever can lose these people does.
  std::exception_ptr obstacle;
  std::uint64_t asked = 0;
  for (const auto& one : house_.all.all()) {
    with.job.check();
    tell({erasure_phase::erasing, asked++, house_.all.all().size()}, with.job);
    std::vector<certificate_step> done;
    try {
      one->erase(in.people, with, done);
    } catch (const core::error& problem) {
      if (problem.code() == core::errc::cancelled) {
        throw;
      }
      core::log::error("an erasure waits for this", {{"custodian", one->name()}, {"why", problem.kept_message()}});
      obstacle = std::current_exception();
    }
    for (certificate_step& step : done) {
      step.custodian = one->name();
      for (auto& of : in.cases) {
        merge(of.steps, step);
      }
    }
  }
  erase_named(in, with, obstacle);
  // What was taken out of files is not found by the next attempt.
  keep_steps(in);
  if (obstacle) {
    std::rethrow_exception(obstacle);
  }
}

void erasures::erase_named(pass& in, const custody_context& with, std::exception_ptr& obstacle) {
  const std::set<std::string> of_others = names_of_others(house_, in.sought);
  std::vector<person_name> names;
  for (const sought_traces& of : in.sought) {
    for (const identifier_trace& one : of.traces.identifiers) {
      names.push_back({one.space, one.identifier, of_others.contains(one.identifier)});
    }
  }
  for (const auto& one : house_.all.all()) {
    with.job.check();
    std::vector<certificate_step> done;
    try {
      one->erase_named(names, with, done);
    } catch (const core::error& problem) {
      if (problem.code() == core::errc::cancelled) {
        throw;
      }
      core::log::error("an erasure waits for this", {{"custodian", one->name()}, {"why", problem.kept_message()}});
      obstacle = std::current_exception();
    }
    for (certificate_step& step : done) {
      step.custodian = one->name();
      for (auto& of : in.cases) {
        merge(of.steps, step);
      }
    }
  }
}

void erasures::close(pass& in) {
  if (in.cases.size() > 1) {
    in.sure.remarks.push_back(fmt::format(
        "{} requests were completed together; what was counted while they were is of all of them.", in.cases.size()));
  }
  if (house_.sql.speaks() == sql::engine::postgresql) {
    in.sure.remarks.emplace_back(
        "PostgreSQL keeps deleted rows in its files and its log until it uses the place again (VACUUM, checkpoints). "
        "Identifiers in them are sealed with destroyed keys; events are under handles that lead nowhere.");
  }
  in.sure.remarks.emplace_back(
      "Copies that left this installation, such as files that were exported, are not part of it.");
  std::vector<core::subject_handle> case_keys;
  case_keys.reserve(in.cases.size());
  for (const auto& one : in.cases) {
    case_keys.push_back(one.key);
  }
  try {
    house_.sql.write([&](sql::transaction& to) {
      const std::int64_t now = core::now_ms();
      // Last: until their rows are gone, what they chose keeps counting.
      const certificate_step chosen{std::string(own_name),
                                    std::string(choices),
                                    std::string(store_of_rows(house_.sql.speaks())),
                                    level_of_deleted_rows(house_.sql.speaks()),
                                    house_.purposes.erase(to, in.people),
                                    "",
                                    {},
                                    {},
                                    0};
      house_.keys.destroy_keys(to, case_keys);
      for (const auto& one : in.cases) {
        std::vector<certificate_step> steps = one.steps;
        merge(steps, chosen);
        for (certificate_step& step : steps) {
          if (!step.level) {
            step.level = erasure_level::physically_erased;
            step.details = "was gone, and of whomever it was about, before the erasure came to it";
          }
        }
        house_.people.let_go(to, one.id);
        request_table::close(to, one.id, steps, certify(to, in, one, steps, now));
        follow_up_table::expect(to, one.id, steps);
      }
    });
  } catch (...) {
    house_.purposes.in_doubt();
    throw;
  }
  house_.purposes.refresh(in.people);
}

std::string erasures::certify(sql::transaction& in, const pass& of, const request_table::open_case& one,
                              std::span<const certificate_step> steps, std::int64_t now) const {
  const audit_position at =
      house_.audit.append(in, audit_entry{actor::system(), "erasure.completed", std::nullopt,
                                          core::write_json(requested_details{one.id, one.people_asked})});
  certificate content;
  content.request = {house_.keys.keys().id(),   fmt::format("{}", one.id),
                     certified_right::erasure,  core::format_iso8601(one.requested_at),
                     core::format_iso8601(now), core::format_iso8601(one.deadline),
                     one.people_asked};
  content.steps.assign(steps.begin(), steps.end());
  content.verification = of.sure.verified;
  content.audit = {house_.audit.id(), at.sequence, core::to_hex(at.hash)};
  content.remarks = of.sure.remarks;
  std::ranges::move(remarks_of(one.dismissed, of.sure.excused), std::back_inserter(content.remarks));
  std::ranges::move(house_.all.recipient_remarks(steps), std::back_inserter(content.remarks));
  if (one.attempts > 0) {
    content.remarks.push_back(fmt::format("It was attempted {} times.", one.attempts + 1));
  }
  return write_certificate(content, core::signing_key(house_.keys.keys().signing_seed()));
}

void erasures::keep_obstacle(std::span<const request_table::open_case> cases, std::string_view why) noexcept {
  try {
    house_.sql.write([&](sql::transaction& in) {
      for (const auto& one : cases) {
        request_table::keep_obstacle(in, one.id, why);
      }
    });
  } catch (const std::exception& problem) {
    core::log::error("what an erasure waits for could not be kept", {{"why", core::kept_message_of(problem)}});
  }
}

void erasures::tell(const erasure_progress& now, core::job& job) {
  board_.tell(now);
  job.report(name_of(now.phase), now.done, now.total);
}

rights_request erasures::dismiss_find(std::int64_t request, std::string_view file, std::string_view reason,
                                      const actor& by) {
  const dismissed_find said{std::string(file), std::string(reason), by.text(), core::format_iso8601(core::now_ms())};
  check(said);
  auto dismissed = house_.sql.write([&](sql::transaction& in) {
    open_case of = request_table::find_case(in, certified_right::erasure, request);
    check_names_nobody(said, traces_of(of, house_.keys.keys_of(in, {&of.key, 1})));
    add(of.dismissed, said);
    request_table::keep_dismissed(in, request, of.dismissed);
    house_.audit.append(in, audit_entry{by, "erasure.find_dismissed", std::nullopt,
                                        core::write_json(dismissal_details{request, said.file})});
    return request_table::find(in, request);
  });
  judged_anew_ = true;
  return dismissed;
}

bool erasures::worth_another_attempt() const {
  const std::int64_t before = waits_for_files_before_;
  return judged_anew_ || std::ranges::any_of(house_.all.all(), [](const auto& one) { return one->found_is_gone(); }) ||
         (before != 0 && !file_from_before(house_, before));
}

std::optional<erasure_progress> erasures::progress_of(const rights_request& request) const {
  if (request.right != certified_right::erasure || request.completed_at != 0) {
    return std::nullopt;
  }
  return board_.of(request.id);
}

std::optional<std::int64_t> erasures::wait_since() const {
  return house_.sql.read([](sql::connection& in) { return request_table::oldest_open(in, certified_right::erasure); });
}

rights_request erasures::find(std::int64_t id) const {
  return house_.sql.read([&](sql::connection& in) { return request_table::find(in, id); });
}

std::vector<rights_request> erasures::list(std::int64_t before, std::size_t limit) const {
  if (limit == 0 || limit > max_audit_page) {
    throw core::error(core::errc::invalid_argument,
                      fmt::format("limit: {} is not 1 to max_audit_page = {}", limit, max_audit_page));
  }
  return house_.sql.read([&](sql::connection& in) { return request_table::list(in, before, limit); });
}

std::string erasures::certificate_of(std::int64_t id, certificate_edition wanted) const {
  return house_.sql.read([&](sql::connection& in) {
    std::string newer;
    if (wanted == certificate_edition::newest) {
      newer = follow_up_table::certificate_of(in, id);
    }
    return newer.empty() ? request_table::certificate_of(in, id) : newer;
  });
}

}  // namespace eunomia::subject
