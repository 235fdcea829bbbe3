#include "bench/gdprbench/personal_records.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "bench/gdprbench/personal_records_batch.h"
#include "bench/gdprbench/record_replay.h"
#include "core/error.h"

// Index and tables are changed as operations run, before their frame is in the journal: the next of the same group must
// see it. No answer leaves before the frame rests on disk, and when that fails both are read again before anything else
// runs (ahead_).
namespace eunomia::gdprbench {

namespace sql = store::sql;

namespace {

constexpr std::string_view key_space = "record";
constexpr std::string_view person_space = "user";

}  // namespace

personal_records::personal_records(sql::database& in, subject::vault& keys, subject::durable_directory& people,
                                   subject::audit_log& log, std::filesystem::path journal_file, subject::actor by)
    : database_(in),
      keys_(keys),
      people_(people),
      log_(log),
      by_(std::move(by)),
      queue_(max_batch_operations, [this](std::span<const operation* const> together) { run(together); }),
      journal_(std::move(journal_file)) {
  database_.migrate(record_tables::migrations());
  reload();
}

personal_records::~personal_records() = default;

void personal_records::reload() {
  index_ = {};
  tables_.forget_unsaved();
  record_replay replay(index_, tables_, tail_);
  head_ = log_.head();
  tail_.begin(std::make_shared<const std::vector<subject::recorded_audit_entry>>(
      log_.entries({.after = std::max<std::int64_t>(0, head_.sequence - std::int64_t{audit_tail::max_entries}),
                    .limit = audit_tail::max_entries})));
  next_frame_ = 1 + database_.read([&](sql::connection& from) {
    replay.read_tables(from);
    return record_tables::saved_frame(from);
  });
  journal_.replay([&](std::uint64_t number, std::string_view bytes) {
    if (number < next_frame_) {
      return;  // saved, and the journal was not emptied any more
    }
    if (number > next_frame_) {
      throw core::error(core::errc::corrupt,
                        fmt::format("the journal goes on with frame {} where the database ends before {}; restore both "
                                    "from one backup",
                                    number, next_frame_));
    }
    read_changes(bytes, replay);
    ++next_frame_;
  });
  next_record_ = replay.next_record();
  next_policy_ = replay.next_policy();
  if (const audit_page newest = tail_.newest(1); !newest.empty()) {
    head_ = {newest.back().sequence, newest.back().hash};
  }
  ahead_ = false;
}

record_lookup personal_records::lookup_of(std::string_view key) const {
  return lookup_from(keys_.lookup_of(key_space, key));
}

core::subject_handle personal_records::handle_of(std::string_view raw) {
  return people_.resolve(person_space, raw);
}

personal_records::resolved_selector personal_records::resolve(const selector& wanted) const {
  check(wanted);
  resolved_selector found{wanted.by, {}, {}, {}};
  if (wanted.by == attribute::key) {
    found.lookup = lookup_of(wanted.value);
  } else if (wanted.by == attribute::subject) {
    found.about = people_.find(person_space, wanted.value).value_or(core::subject_handle());
  } else {
    found.value = wanted.value;
  }
  return found;
}

void personal_records::run(std::span<const operation* const> together) {
  if (ahead_) {
    reload();
  }
  if (journal_.bytes() > max_unsaved_bytes || tables_.unsaved_entries() > max_unsaved_entries ||
      std::ranges::any_of(together, &operation::saves_first)) {
    save_unsaved();
  }
  ahead_ = true;
  batch running{.of = *this};
  const auto run_all = [&] { std::ranges::for_each(together, [&](const operation* one) { one->run(running); }); };
  if (std::ranges::any_of(together, &operation::reads_tables)) {
    database_.read([&](sql::connection& from) {
      running.from = &from;
      run_all();
    });
  } else {
    run_all();
  }
  append(running);
  ahead_ = false;
}

void personal_records::append(batch& done) {
  std::vector<audit_block> blocks;
  subject::audit_position head = head_;
  for (std::size_t first = 0; first < done.entries.size(); first += subject::max_audit_batch) {
    const auto some =
        std::span(done.entries).subspan(first, std::min(subject::max_audit_batch, done.entries.size() - first));
    blocks.push_back(
        std::make_shared<const std::vector<subject::recorded_audit_entry>>(subject::audit_log::chain(head, some)));
    head = {blocks.back()->back().sequence, blocks.back()->back().hash};
    done.changes.record_audit(blocks.back());
  }
  if (done.changes.bytes().empty()) {
    return;
  }
  try {
    journal_.append(next_frame_, done.changes.bytes());
  } catch (...) {
    if (journal_.is_broken()) {
      throw commit_in_doubt{std::current_exception()};
    }
    throw;
  }
  ++next_frame_;
  head_ = head;
  std::ranges::for_each(blocks, [&](const audit_block& one) { tail_.add(one); });
}

// A save whose end is not known is looked up: reload() reads which frames are in the tables.
void personal_records::save_unsaved() {
  ahead_ = true;
  seal_granted();
  database_.write([&](sql::transaction& in) { tables_.save(in, log_, next_frame_ - 1); });
  tables_.forget_unsaved();
  journal_.clear();
  ahead_ = false;
}

// Each record rests sealed with the key that its person makes, whoever was granted another meanwhile.
void personal_records::seal_granted() {
  constexpr std::size_t at_a_time = 4096;
  const std::vector<std::int64_t> ids = tables_.granted();
  for (std::size_t first = 0; first < ids.size(); first += at_a_time) {
    const auto some = std::span(ids).subspan(first, std::min(at_a_time, ids.size() - first));
    database_.read([&](sql::connection& from) {
      const std::vector<record_tables::sealed_record> records = tables_.sealed(from, some);
      const subject::data_keys people = keys_.keys_of(from, people_of(records));
      record_key_ring keys(people);
      for (const record_tables::sealed_record& one : records) {
        const record_content plain =
            unseal_record(keys.key_of(one.about, one.lookup, one.granted), one.sealed, one.lookup);
        tables_.seal({one.id, one.lookup}, one.about,
                     seal_record(keys.key_of(one.about, one.lookup, {}), plain.key, plain.data, one.lookup));
      }
    });
  }
}

void personal_records::save() {
  queue_.perform({.run = [](batch&) {}, .reads_tables = false, .saves_first = true});
  database_.checkpoint_truncate();
}

std::optional<record_index::place> personal_records::visible(const record_lookup& lookup, std::int64_t now) const {
  const auto found = index_.find(lookup);
  return found && !index_.policy_of(*found).has_expired(index_.at(*found), now) ? found : std::nullopt;
}

std::vector<record_index::place> personal_records::visible(const resolved_selector& wanted, std::int64_t now) const {
  std::vector<record_index::place> found;
  if (wanted.by == attribute::key) {
    if (const auto one = visible(wanted.lookup, now)) {
      found.push_back(*one);
    }
  } else if (wanted.by == attribute::subject) {
    for (const record_index::place where : index_.records_about(wanted.about)) {
      if (!index_.policy_of(where).has_expired(index_.at(where), now)) {
        found.push_back(where);
      }
    }
  } else {
    for (const record_index::policy_number which : index_.policies_with(wanted.by, wanted.value)) {
      const record_index::policy& policy = index_.policy_at(which);
      if (!policy.may_have_expired(now)) {
        found.insert(found.end(), policy.records.begin(), policy.records.end());
        continue;
      }
      std::ranges::copy_if(policy.records, std::back_inserter(found),
                           [&](record_index::place where) { return !policy.has_expired(index_.at(where), now); });
    }
  }
  return found;
}

std::vector<std::int64_t> personal_records::rows_of(std::span<const record_index::place> places) const {
  std::vector<std::int64_t> rows;
  rows.reserve(places.size());
  std::ranges::transform(places, std::back_inserter(rows),
                         [&](record_index::place where) { return index_.at(where).row; });
  return rows;
}

subject::pseudonym personal_records::pseudonym_of(batch& in, core::subject_handle who) {
  return index_.pseudonym_of(who, [&] { return subject::pseudonym_of(key_in(in.keys_of(std::span(&who, 1)), who)); });
}

// Whom a selection is about, when that is one person.
std::optional<subject::pseudonym> personal_records::whom(batch& in, const resolved_selector& wanted) {
  if (wanted.by == attribute::key) {
    const auto found = index_.find(wanted.lookup);
    return found ? std::optional(pseudonym_of(in, index_.at(*found).about)) : std::nullopt;
  }
  if (wanted.by == attribute::subject && !index_.records_about(wanted.about).empty()) {
    return pseudonym_of(in, wanted.about);
  }
  return std::nullopt;
}

void personal_records::insert(std::span<const personal_record> records, std::int64_t now) {
  if (records.size() > max_inserted_records) {
    throw core::error(core::errc::resource_exhausted,
                      fmt::format("{} records in one insert, more than max_inserted_records = {}; insert them in parts",
                                  records.size(), max_inserted_records));
  }
  std::vector<std::string_view> raw;
  std::vector<record_lookup> lookups;
  for (const personal_record& one : records) {
    check(one);
    raw.push_back(one.subject);
    lookups.push_back(lookup_of(one.key));
  }
  std::vector<record_lookup> sorted = lookups;
  std::ranges::sort(sorted);
  if (std::ranges::adjacent_find(sorted) != sorted.end()) {
    throw core::error(core::errc::invalid_argument, "two records of one insert have one key");
  }
  const std::vector<core::subject_handle> about = people_.resolve(person_space, raw);
  std::vector<core::subject_handle> each_once = about;
  std::ranges::sort(each_once);
  each_once.erase(std::unique(each_once.begin(), each_once.end()), each_once.end());
  bool refused = false;
  const auto body = [&](batch& in) {
    refused = !make_room(in, lookups, now);
    if (refused) {
      in.record("record.insert", std::nullopt, {std::string(name_of(attribute::key)), {}, {}, 0});
      return;
    }
    const subject::data_keys keys = in.keys_of(each_once);
    for (std::size_t i = 0; i < records.size(); ++i) {
      const record_index::policy_number policy = policy_for(in, records[i].about);
      const core::secret_key& key = key_in(keys, about[i]);
      const std::int64_t id = next_record_++;
      index_.insert({lookups[i], id, about[i], now, policy, 0, 0});
      const auto& called = index_.pseudonym_of(about[i], [&] { return subject::pseudonym_of(key); });
      in.changes.insert({id, lookups[i], about[i], now, index_.policy_at(policy).row,
                         seal_record(key_of_record(key, lookups[i]), records[i].key, records[i].data, lookups[i])});
      in.record("record.insert", called, {std::string(name_of(attribute::key)), {}, {}, 1});
    }
  };
  queue_.perform({.run = body, .reads_tables = true, .saves_first = false});
  if (refused) {
    throw core::error(core::errc::already_exists, "a record of one of these keys is there; replace it or erase it");
  }
}

// Whether none of them is there; what has expired goes.
bool personal_records::make_room(batch& in, std::span<const record_lookup> lookups, std::int64_t now) {
  for (const record_lookup& lookup : lookups) {
    if (const auto there = index_.find(lookup)) {
      if (visible(lookup, now)) {
        return false;
      }
      erase_places(in, std::span(&*there, 1));
    }
  }
  return true;
}

bool personal_records::replace(const personal_record& wanted, std::int64_t now) {
  check(wanted);
  const record_lookup lookup = lookup_of(wanted.key);
  const core::subject_handle about = handle_of(wanted.subject);
  bool found = false;
  const auto body = [&](batch& in) {
    const auto where = visible(lookup, now);
    found = where.has_value();
    if (found) {
      const subject::data_keys keys = in.keys_of(std::span(&about, 1));
      const core::secret_key key = key_of_record(key_in(keys, about), lookup);
      in.changes.seal({index_.at(*where).row, lookup}, about, seal_record(key, wanted.key, wanted.data, lookup));
      index_.move_to_person(*where, about);
      if (*index_.policy_of(*where).means != wanted.about) {
        const record_index::policy_number before = index_.at(*where).policy;
        set_policy(in, std::span(&*where, 1), policy_for(in, wanted.about));
        drop_if_empty(in, before);
      }
    }
    in.record("record.replace", found ? std::optional(pseudonym_of(in, about)) : std::nullopt,
              {std::string(name_of(attribute::key)), {}, {}, found ? 1U : 0U});
  };
  queue_.perform({.run = body, .reads_tables = true, .saves_first = false});
  return found;
}

bool personal_records::update_data(std::string_view key, std::string_view data, std::int64_t now) {
  check(selector{attribute::key, std::string(key)});
  if (data.size() > max_data_bytes) {
    throw core::error(core::errc::invalid_argument, fmt::format("the data have {} bytes, more than max_data_bytes = {}",
                                                                data.size(), max_data_bytes));
  }
  const record_lookup lookup = lookup_of(key);
  bool found = false;
  const auto body = [&](batch& in) {
    const auto where = visible(lookup, now);
    found = where.has_value();
    std::optional<subject::pseudonym> called;
    if (found) {
      const core::subject_handle about = index_.at(*where).about;
      const subject::data_keys keys = in.keys_of(std::span(&about, 1));
      called = subject::pseudonym_of(key_in(keys, about));
      in.changes.seal({index_.at(*where).row, lookup}, about,
                      seal_record(key_of_record(key_in(keys, about), lookup), key, data, lookup));
    }
    in.record("record.data_update", called, {std::string(name_of(attribute::key)), {}, {}, found ? 1U : 0U});
  };
  queue_.perform({.run = body, .reads_tables = true, .saves_first = false});
  return found;
}

}  // namespace eunomia::gdprbench
