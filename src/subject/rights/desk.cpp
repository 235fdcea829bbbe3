#include "subject/rights/desk.h"

#include <fmt/format.h>

#include <array>
#include <exception>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/json.h"
#include "core/log.h"
#include "core/subject_handles.h"
#include "core/time.h"
#include "store/sql/in_doubt.h"
#include "subject/custody/rows_of_sql.h"
#include "subject/rights/request_table.h"

namespace eunomia::subject {

namespace sql = store::sql;

namespace {

struct request_details {
  std::int64_t request = 0;
  std::string right;
};
BOOST_DESCRIBE_STRUCT(request_details, (), (request, right))

struct review_details {
  std::int64_t request = 0;
  std::int64_t decision = 0;
  std::optional<std::string> verdict;
};
BOOST_DESCRIBE_STRUCT(review_details, (), (request, decision, verdict))

struct link_details {
  std::string space;
};
BOOST_DESCRIBE_STRUCT(link_details, (), (space))

struct choice_details {
  std::string choice;
  std::optional<std::string> purpose;  // none: every purpose
  std::optional<std::int64_t> request;
};
BOOST_DESCRIBE_STRUCT(choice_details, (), (choice, purpose, request))

certified_right right_of(archive_scope scope) {
  return scope == archive_scope::portability ? certified_right::portability : certified_right::access;
}

// Of those that are a request of the person's in themselves.
std::optional<certified_right> right_of(choice made) {
  switch (made) {
    case choice::object: return certified_right::objection;
    case choice::restrict: return certified_right::restriction;
    default: return std::nullopt;
  }
}

std::string text_of(certified_right right) {
  const std::string quoted = core::write_json(right);
  return quoted.substr(1, quoted.size() - 2);
}

rights_request request_for(certified_right right, const actor& by) {
  rights_request made;
  made.right = right;
  made.requested_at = core::now_ms();
  made.deadline = one_month_after(made.requested_at);
  made.requested_by = by.text();
  made.people = 1;
  return made;
}

certificate_step step_of(std::string what, std::string_view store, std::uint64_t count, std::string details) {
  return {"subject", std::move(what), std::string(store), std::nullopt, count, std::move(details), {}, {}, 0};
}

std::string digest_of(const std::filesystem::path& file) {
  core::blake2b_hasher digest;
  digest.update(core::mapped_file::open(file)->bytes());
  return core::to_hex(digest.finish());
}

}  // namespace

rights_desk::rights_desk(desk_house in) : house_(in) {
  house_.sql.migrate(request_table::migrations());
}

audit_position rights_desk::record(sql::transaction& in, core::subject_handle who, const actor& by,
                                   std::string_view action, std::string_view details) const {
  const data_keys keys = house_.keys.keys_of(in, {&who, 1});
  const auto key = keys.find(who);
  if (key == keys.end()) {
    throw core::error(core::errc::not_found, "the person was erased meanwhile");
  }
  return house_.audit.append(in, audit_entry{by, std::string(action), pseudonym_of(key->second), std::string(details)});
}

std::string rights_desk::certify(const rights_request& granted, std::string_view method,
                                 const audit_position& at) const {
  certificate content;
  content.request = {house_.keys.keys().id(),
                     fmt::format("{}", granted.id),
                     granted.right,
                     core::format_iso8601(granted.requested_at),
                     core::format_iso8601(granted.completed_at),
                     core::format_iso8601(granted.deadline),
                     granted.people};
  content.steps = granted.steps;
  content.verification.method = method;
  if (granted.right == certified_right::rectification) {
    content.remarks = house_.all.recipient_remarks(granted.steps);
  }
  content.audit = {house_.audit.id(), at.sequence, core::to_hex(at.hash)};
  return write_certificate(content, core::signing_key(house_.keys.keys().signing_seed()));
}

rights_request rights_desk::receive(certified_right right, core::subject_handle who, const actor& by) {
  return house_.sql.write([&](sql::transaction& in) {
    if (auto waiting = request_table::find_open(in, right, who)) {
      return *std::move(waiting);
    }
    rights_request made = request_for(right, by);
    request_table::open_case of;
    of.people = {who};
    made.id = request_table::insert(in, made, of);
    record(in, who, by, fmt::format("{}.requested", text_of(right)),
           core::write_json(request_details{made.id, text_of(right)}));
    return made;
  });
}

rights_request rights_desk::carry_out(certified_right right, core::subject_handle who, const actor& by,
                                      const std::function<outcome(const rights_request&)>& work) {
  rights_request request = receive(right, who, by);
  try {
    const outcome done = work(request);
    house_.sql.write([&](sql::transaction& in) {
      request.completed_at = core::now_ms();
      request.steps = done.steps;
      if (done.last) {
        done.last(in);
      }
      const audit_position at = record(in, who, by, fmt::format("{}.completed", text_of(right)),
                                       core::write_json(request_details{request.id, text_of(right)}));
      request_table::close(in, request.id, request.steps, certify(request, done.method, at));
      request_table::complete(in, request.id, request.completed_at);
    });
  } catch (const std::exception& problem) {
    try {
      house_.sql.write(
          [&](sql::transaction& in) { request_table::keep_obstacle(in, request.id, core::kept_message_of(problem)); });
    } catch (const std::exception& second) {
      core::log::error("what a request waits for could not be kept", {{"why", core::kept_message_of(second)}});
    }
    throw;
  }
  request.certified = true;
  return request;
}

granted_archive rights_desk::grant_archive(core::subject_handle who, archive_scope scope,
                                           const std::filesystem::path& file, const actor& by,
                                           const custody_context& with) {
  granted_archive granted;
  bool written = false;
  try {
    granted.request = carry_out(right_of(scope), who, by, [&](const rights_request& request) {
      granted.archive = write_archive({who, scope, request.requested_at}, house_.all, house_.purposes, file, with);
      written = true;
      const archive_report& made = granted.archive;
      return outcome{
          {step_of("rows of the archive", "file", made.rows,
                   fmt::format("{} parts, {} bytes, BLAKE2b {}", made.parts, made.bytes, digest_of(file)))},
          "Every custodian told what it holds of the person, and every place of the inventory came as a part "
          "or says why not."};
    });
  } catch (...) {
    if (written) {
      // Everything that is held of somebody, and granted to nobody.
      std::error_code ignored;
      std::filesystem::remove(file, ignored);
    }
    throw;
  }
  return granted;
}

rights_request rights_desk::rectify(core::subject_handle who, const actor& by,
                                    const std::function<std::vector<certificate_step>()>& change,
                                    const std::optional<right_identifier>& identifier) {
  rights_request done = carry_out(certified_right::rectification, who, by, [&](const rights_request&) {
    outcome made{change(), "What was wrong was replaced where it rests, and what was learned from it was forgotten."};
    if (identifier) {
      made.steps.push_back(step_of(fmt::format("identifier in space \"{}\"", identifier->space),
                                   store_of_rows(house_.sql.speaks()), 1,
                                   "the wrong one deleted, the right one sealed with the key of the person"));
      made.last = [&](sql::transaction& in) {
        house_.people.rename(in, identifier->space, who, identifier->wrong, identifier->right);
      };
    }
    return made;
  });
  house_.sql.checkpoint_truncate();
  return done;
}

bool rights_desk::link(core::subject_handle who, std::string_view space, std::string_view identifier, const actor& by) {
  return house_.sql.write([&](sql::transaction& in) {
    if (!house_.people.link(in, space, identifier, who)) {
      return false;
    }
    record(in, who, by, "identifier.linked", core::write_json(link_details{std::string(space)}));
    return true;
  });
}

std::uint64_t rights_desk::link_all(std::span<const new_identifier> links, std::string_view space, const actor& by) {
  if (links.size() > max_links) {
    throw core::error(core::errc::resource_exhausted,
                      fmt::format("{} links are more than max_links = {}", links.size(), max_links));
  }
  const std::string details = core::write_json(link_details{std::string(space)});
  return house_.sql.write([&](sql::transaction& in) {
    std::vector<core::subject_handle> linked;
    for (const new_identifier& one : links) {
      try {
        if (house_.people.link(in, space, one.identifier, one.who)) {
          linked.push_back(one.who);
        }
      } catch (const core::error& problem) {
        if (problem.code() != core::errc::not_found) {
          throw;
        }
      }
    }
    std::vector<core::subject_handle> people = linked;
    core::sort_and_unite(people);
    const data_keys keys = house_.keys.keys_of(in, people);
    std::vector<audit_entry> entries;
    entries.reserve(linked.size());
    for (const core::subject_handle who : linked) {
      entries.push_back({by, "identifier.linked", pseudonym_of(keys.at(who)), details});
    }
    house_.audit.append(in, entries);
    return std::uint64_t{linked.size()};
  });
}

std::optional<rights_request> rights_desk::choose(core::subject_handle who, const std::optional<core::purpose>& about,
                                                  choice made, const actor& by) {
  std::optional<rights_request> request;
  const auto keep = [&](sql::transaction& in) {
    request.reset();
    if (!house_.purposes.choose(in, who, about, made)) {
      return;
    }
    choice_details details{std::string(name_of(made)), {}, {}};
    if (about) {
      details.purpose = about->name();
    }
    if (const auto right = right_of(made)) {
      request = request_for(*right, by);
      request->completed_at = request->requested_at;
      request->steps = {step_of(about ? fmt::format("purpose \"{}\"", about->name()) : "every purpose",
                                store_of_rows(house_.sql.speaks()), 1, "in force with the next read")};
      request->id = request_table::insert(in, *request, {});
      details.request = request->id;
    }
    const audit_position at = record(in, who, by, fmt::format("choice.{}", name_of(made)), core::write_json(details));
    if (request) {
      request_table::close(in, request->id, request->steps,
                           certify(*request,
                                   "It is kept in the transaction that completed the request; every read of personal "
                                   "rows asks it.",
                                   at));
      request_table::complete(in, request->id, request->completed_at);
      request->certified = true;
    }
  };
  sql::write_or_doubt(house_.sql, keep, [this] { house_.purposes.in_doubt(); });
  house_.purposes.refresh({&who, 1});
  return request;
}

rights_request rights_desk::ask_for_review(core::subject_handle who, std::int64_t decision, std::string_view statement,
                                           const actor& by) {
  return house_.sql.write([&](sql::transaction& in) {
    house_.decisions.check_about(in, who, decision);
    if (const std::int64_t waits = house_.decisions.waiting_of(in, decision)) {
      house_.decisions.ask(in, waits, who, decision, statement);
      return request_table::find(in, waits);
    }
    rights_request made = request_for(certified_right::human_review, by);
    request_table::open_case of;
    of.people = {who};
    made.id = request_table::insert(in, made, of);
    house_.decisions.ask(in, made.id, who, decision, statement);
    record(in, who, by, "human_review.requested", core::write_json(review_details{made.id, decision, {}}));
    return made;
  });
}

rights_request rights_desk::answer_review(std::int64_t request, const review_answer& given, const actor& by) {
  return house_.sql.write([&](sql::transaction& in) {
    const auto [who, decision] = house_.decisions.require_waiting(in, request);
    rights_request done = request_table::find(in, request);
    done.completed_at = core::now_ms();
    house_.decisions.answer(in, request, given, done.completed_at);
    const std::string verdict(name_of(given.verdict));
    done.steps = {step_of("review of an automated decision", store_of_rows(house_.sql.speaks()), 1,
                          fmt::format("by a human: {}", verdict))};
    const audit_position at =
        record(in, who, by, "human_review.completed", core::write_json(review_details{request, decision, verdict}));
    const std::string proof =
        certify(done, "A human was named and gave reasons; both are kept with the decision, sealed.", at);
    request_table::close(in, request, done.steps, proof);
    request_table::complete(in, request, done.completed_at);
    done.certified = true;
    return done;
  });
}

}  // namespace eunomia::subject
