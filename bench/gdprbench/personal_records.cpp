#include "bench/gdprbench/personal_records.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/describe.hpp>
#include <charconv>
#include <optional>
#include <unordered_map>
#include <utility>

#include "core/error.h"
#include "core/hash.h"
#include "core/json.h"
#include "core/seal.h"
#include "store/sql/in_doubt.h"

// The index is changed as operations run, before their commit: the next of the same transaction must see it. No answer
// leaves before the commit, and when that fails the index is read again from the tables before anything else runs
// (ahead_).
namespace eunomia::gdprbench {

namespace sql = store::sql;

namespace {

constexpr std::string_view key_space = "record";
constexpr std::string_view person_space = "user";

// What the audit log tells of an operation, beside whom it was about.
struct operation_details {
  std::string by;
  std::optional<std::string> value;  // of a text attribute: never a key or a person
  std::optional<std::string> what;
  std::uint64_t records = 0;
};
BOOST_DESCRIBE_STRUCT(operation_details, (), (by, value, what, records))

// Key and data are sealed as one text: the key's length in decimal, ':', the key, the data.
std::string packed(std::string_view key, std::string_view data) {
  return fmt::format("{}:{}{}", key.size(), key, data);
}

personal_records::found_data unpacked(std::string text) {
  std::size_t length = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), length);
  const std::size_t begin = static_cast<std::size_t>(end - text.data()) + 1;
  if (problem != std::errc() || begin + length > text.size()) {
    throw core::error(core::errc::corrupt, "a record does not hold its key; restore the database from a backup");
  }
  return {text.substr(begin, length), text.substr(begin + length)};
}

std::string place_of(std::string_view lookup) {
  return fmt::format("personal_record.sealed {}", lookup);
}

const core::secret_key& key_in(const subject::data_keys& keys, core::subject_handle who) {
  const auto known = keys.find(who);
  if (known == keys.end()) {
    throw core::error(core::errc::corrupt,
                      "the key of a person of whom there are records is missing; erase somebody's "
                      "records before their key");
  }
  return known->second;
}

metadata changed(const metadata& means, const metadata_change& change) {
  metadata made = means;
  if (change.what == attribute::time_to_live) {
    made.time_to_live_s = time_to_live_of(change.to);
  } else {
    made.of(change.what) = {change.to};
  }
  return made;
}

}  // namespace

// A transaction under way, and the audit entries of what ran in it.
struct personal_records::batch {
  sql::transaction& in;
  personal_records& of;
  std::vector<subject::audit_entry> entries = {};

  void record(std::string_view action, const std::optional<subject::pseudonym>& about,
              const operation_details& details) {
    entries.push_back({of.by_, std::string(action), about, core::write_json(details)});
  }
};

personal_records::personal_records(sql::database& in, subject::vault& keys, subject::durable_directory& people,
                                   subject::audit_log& log, layout how, subject::actor by)
    : database_(in),
      keys_(keys),
      people_(people),
      log_(log),
      by_(std::move(by)),
      tables_(how),
      tail_(log),
      queue_(max_batch_operations, [this](std::span<const operation* const> together) { write(together); }) {
  database_.migrate(record_tables::migrations());
  database_.read([&](sql::connection& from) { reload(from); });
  ahead_ = false;
}

personal_records::~personal_records() = default;

void personal_records::reload(sql::connection& in) {
  index_ = {};
  next_record_ = next_policy_ = 1;
  std::unordered_map<std::int64_t, record_index::policy_number> policies;
  tables_.each_policy(in, [&](std::int64_t id, std::shared_ptr<const metadata> means) {
    next_policy_ = id + 1;
    policies.emplace(id, index_.add_policy(std::move(means), id));
  });
  tables_.each_record(in, [&](const record_tables::stored_record& one) {
    next_record_ = one.id + 1;
    record_index::policy_number policy = 0;
    if (tables_.how() == layout::by_reference) {
      const auto known = policies.find(one.policy);
      if (known == policies.end()) {
        throw core::error(core::errc::corrupt,
                          fmt::format("record {} is under policy {}, which is missing; restore the database from a "
                                      "backup",
                                      one.id, one.policy));
      }
      policy = known->second;
    } else if (const auto known = index_.policy_of(*one.means)) {
      policy = *known;
    } else {
      policy = index_.add_policy(one.means, 0);
    }
    index_.insert({lookup_from(one.lookup), one.id, one.about, one.collected_at, policy, 0, 0});
  });
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

void personal_records::write(std::span<const operation* const> together) {
  bool in_doubt = false;
  const auto body = [&](sql::transaction& in) {
    if (ahead_) {
      reload(in);
    }
    ahead_ = true;
    batch running{in, *this};
    for (const operation* const one : together) {
      (*one)(running);
    }
    for (std::size_t first = 0; first < running.entries.size(); first += subject::max_audit_batch) {
      log_.append(in, std::span(running.entries)
                          .subspan(first, std::min(subject::max_audit_batch, running.entries.size() - first)));
    }
  };
  try {
    sql::write_or_doubt(database_, body, [&]() noexcept { in_doubt = true; });
  } catch (...) {
    if (in_doubt) {
      throw commit_in_doubt{std::current_exception()};
    }
    throw;
  }
  ahead_ = false;
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

subject::pseudonym personal_records::pseudonym_of(batch& in, core::subject_handle who) {
  return index_.pseudonym_of(
      who, [&] { return subject::pseudonym_of(key_in(keys_.keys_of(in.in, std::span(&who, 1)), who)); });
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

record_index::policy_number personal_records::policy_for(batch& in, const metadata& means) {
  if (const auto known = index_.policy_of(means)) {
    return *known;
  }
  const std::int64_t id = next_policy_++;
  if (tables_.how() == layout::by_reference) {
    tables_.insert_policy(in.in, id, means);
  }
  return index_.add_policy(std::make_shared<const metadata>(means), id);
}

void personal_records::drop_if_empty(batch& in, record_index::policy_number which) {
  const record_index::policy& policy = index_.policy_at(which);
  if (!policy.means || !policy.records.empty()) {
    return;
  }
  if (tables_.how() == layout::by_reference) {
    tables_.erase_policy(in.in, policy.row);
  }
  index_.remove_policy(which);
}

void personal_records::erase_places(batch& in, std::span<const record_index::place> places) {
  if (places.empty()) {
    return;
  }
  std::vector<std::int64_t> ids;
  std::vector<record_index::policy_number> left;
  for (const record_index::place where : places) {
    ids.push_back(index_.at(where).row);
    left.push_back(index_.at(where).policy);
    index_.remove(where);
  }
  tables_.erase(in.in, ids);
  std::ranges::sort(left);
  left.erase(std::unique(left.begin(), left.end()), left.end());
  for (const record_index::policy_number which : left) {
    drop_if_empty(in, which);
  }
}

std::uint64_t personal_records::erase_expired_of(batch& in, record_index::policy_number which, std::int64_t now) {
  const record_index::policy& policy = index_.policy_at(which);
  if (!policy.may_have_expired(now)) {
    return 0;
  }
  std::vector<record_index::place> expired;
  std::ranges::copy_if(policy.records, std::back_inserter(expired),
                       [&](record_index::place where) { return policy.has_expired(index_.at(where), now); });
  erase_places(in, expired);
  return expired.size();
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
  queue_.perform([&](batch& in) {
    refused = !make_room(in, lookups, now);
    if (refused) {
      in.record("record.insert", std::nullopt, {std::string(name_of(attribute::key)), {}, {}, 0});
      return;
    }
    const subject::data_keys keys = keys_.make_keys(in.in, each_once);
    std::vector<record_tables::new_record> rows;
    for (std::size_t i = 0; i < records.size(); ++i) {
      const std::string_view lookup = text_of(lookups[i]);
      const record_index::policy_number policy = policy_for(in, records[i].about);
      const core::secret_key& key = key_in(keys, about[i]);
      const std::int64_t id = next_record_++;
      index_.insert({lookups[i], id, about[i], now, policy, 0, 0});
      const auto& called = index_.pseudonym_of(about[i], [&] { return subject::pseudonym_of(key); });
      rows.push_back({id, std::string(lookup), about[i], now,
                      subject::seal_text(key, packed(records[i].key, records[i].data), place_of(lookup)),
                      index_.policy_at(policy).row, index_.policy_at(policy).means});
      in.record("record.insert", called, {std::string(name_of(attribute::key)), {}, {}, 1});
    }
    tables_.insert(in.in, rows);
  });
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
  queue_.perform([&](batch& in) {
    const auto where = visible(lookup, now);
    found = where.has_value();
    if (found) {
      const subject::data_keys keys = keys_.make_keys(in.in, std::span(&about, 1));
      const std::int64_t id = index_.at(*where).row;
      tables_.set_sealed(
          in.in, id, about,
          subject::seal_text(key_in(keys, about), packed(wanted.key, wanted.data), place_of(text_of(lookup))));
      index_.move_to_person(*where, about);
      if (*index_.policy_of(*where).means != wanted.about) {
        const record_index::policy_number before = index_.at(*where).policy;
        const record_index::policy_number after = policy_for(in, wanted.about);
        tables_.set_metadata(in.in, std::span(&id, 1), index_.policy_at(after).row, wanted.about);
        index_.move_to_policy(*where, after);
        drop_if_empty(in, before);
      }
    }
    in.record("record.replace", found ? std::optional(pseudonym_of(in, about)) : std::nullopt,
              {std::string(name_of(attribute::key)), {}, {}, found ? 1U : 0U});
  });
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
  queue_.perform([&](batch& in) {
    const auto where = visible(lookup, now);
    found = where.has_value();
    std::optional<subject::pseudonym> called;
    if (found) {
      const core::subject_handle about = index_.at(*where).about;
      const subject::data_keys keys = keys_.keys_of(in.in, std::span(&about, 1));
      called = subject::pseudonym_of(key_in(keys, about));
      tables_.set_sealed(in.in, index_.at(*where).row, about,
                         subject::seal_text(key_in(keys, about), packed(key, data), place_of(text_of(lookup))));
    }
    in.record("record.data_update", called, {std::string(name_of(attribute::key)), {}, {}, found ? 1U : 0U});
  });
  return found;
}

std::vector<personal_records::found_data> personal_records::read_data(const selector& wanted, std::int64_t now) {
  const resolved_selector where = resolve(wanted);
  struct sealed_record {
    record_lookup lookup;
    core::subject_handle about;
    std::string sealed;
  };
  std::vector<sealed_record> sealed;
  subject::data_keys keys;
  queue_.perform([&](batch& in) {
    sealed.clear();
    const std::vector<record_index::place> found = visible(where, now);
    std::unordered_map<std::int64_t, record_index::place> by_row;
    std::vector<std::int64_t> ids;
    std::vector<core::subject_handle> about;
    for (const record_index::place one : found) {
      const record_index::record& record = index_.at(one);
      ids.push_back(record.row);
      by_row.emplace(record.row, one);
      about.push_back(record.about);
    }
    std::ranges::sort(about);
    about.erase(std::unique(about.begin(), about.end()), about.end());
    keys = keys_.keys_of(in.in, about);
    if (ids.size() == 1) {
      const record_index::record& one = index_.at(found.front());
      sealed.push_back({one.lookup, one.about, tables_.sealed(in.in, one.row)});
    } else if (!ids.empty()) {
      tables_.each_sealed(in.in, ids, [&](std::int64_t id, std::string_view text) {
        const record_index::record& one = index_.at(by_row.at(id));
        sealed.push_back({one.lookup, one.about, std::string(text)});
      });
    }
    in.record("record.data_read", whom(in, where),
              {std::string(name_of(where.by)),
               where.value.empty() ? std::nullopt : std::optional(where.value),
               {},
               found.size()});
  });
  std::vector<found_data> data;
  data.reserve(sealed.size());
  for (const sealed_record& one : sealed) {
    data.push_back(unpacked(subject::unseal_text(key_in(keys, one.about), one.sealed, place_of(text_of(one.lookup)))));
  }
  return data;
}

personal_records::found_metadata personal_records::read_metadata(const selector& wanted, std::int64_t now) {
  const resolved_selector where = resolve(wanted);
  found_metadata answer;
  queue_.perform([&](batch& in) {
    answer = {};
    const std::vector<record_index::place> found = visible(where, now);
    answer.records.reserve(found.size());
    std::unordered_map<record_index::policy_number, std::uint32_t> positions;
    // Records of a policy mostly follow one another.
    record_index::policy_number last = 0;
    std::uint32_t position = 0;
    for (const record_index::place one : found) {
      const record_index::record& record = index_.at(one);
      if (answer.policies.empty() || record.policy != last) {
        last = record.policy;
        const auto [known, is_new] = positions.try_emplace(last, static_cast<std::uint32_t>(answer.policies.size()));
        position = known->second;
        if (is_new) {
          answer.policies.push_back(index_.policy_at(last).means);
        }
      }
      answer.records.push_back({record.lookup, record.about, record.collected_at, position});
    }
    in.record("record.metadata_read", whom(in, where),
              {std::string(name_of(where.by)),
               where.value.empty() ? std::nullopt : std::optional(where.value),
               {},
               found.size()});
  });
  return answer;
}

// Policies that are selected as wholes are redefined: what has expired under them goes before, so that a longer time to
// live brings nothing back.
std::uint64_t personal_records::change_policies(batch& in, const resolved_selector& wanted,
                                                const metadata_change& change, std::int64_t now) {
  std::uint64_t records = 0;
  for (const record_index::policy_number which : index_.policies_with(wanted.by, wanted.value)) {
    erase_expired_of(in, which, now);
    const record_index::policy& policy = index_.policy_at(which);
    if (!policy.means) {
      continue;  // it was of expired records only
    }
    records += policy.records.size();
    auto means = std::make_shared<const metadata>(changed(*policy.means, change));
    if (*means == *policy.means) {
      continue;
    }
    if (tables_.how() == layout::by_reference) {
      tables_.redefine_policy(in.in, policy.row, *means);
    } else {
      std::vector<std::int64_t> ids;
      for (const record_index::place where : policy.records) {
        ids.push_back(index_.at(where).row);
      }
      tables_.set_attribute(in.in, ids, change.what, *means);
    }
    index_.redefine(which, std::move(means));
  }
  return records;
}

// Records that are selected one by one move to the policy that they are under now, together where they were together.
void personal_records::change_records(batch& in, std::span<const record_index::place> places,
                                      const metadata_change& change) {
  std::unordered_map<record_index::policy_number, std::vector<record_index::place>> by_policy;
  for (const record_index::place where : places) {
    by_policy[index_.at(where).policy].push_back(where);
  }
  for (const auto& [before, members] : by_policy) {
    const metadata means = changed(*index_.policy_at(before).means, change);
    if (means == *index_.policy_at(before).means) {
      continue;
    }
    const record_index::policy_number after = policy_for(in, means);
    std::vector<std::int64_t> ids;
    for (const record_index::place where : members) {
      ids.push_back(index_.at(where).row);
      index_.move_to_policy(where, after);
    }
    tables_.set_metadata(in.in, ids, index_.policy_at(after).row, means);
    drop_if_empty(in, before);
  }
}

void personal_records::move_to_person(batch& in, std::span<const record_index::place> places, core::subject_handle to) {
  if (places.empty()) {
    return;
  }
  std::unordered_map<std::int64_t, record_index::place> by_row;
  std::vector<std::int64_t> ids;
  std::vector<core::subject_handle> from;
  for (const record_index::place where : places) {
    ids.push_back(index_.at(where).row);
    by_row.emplace(ids.back(), where);
    from.push_back(index_.at(where).about);
  }
  std::ranges::sort(from);
  from.erase(std::unique(from.begin(), from.end()), from.end());
  const subject::data_keys old_keys = keys_.keys_of(in.in, from);
  const subject::data_keys new_keys = keys_.make_keys(in.in, std::span(&to, 1));
  std::vector<std::pair<std::int64_t, std::string>> sealed_anew;
  tables_.each_sealed(in.in, ids, [&](std::int64_t id, std::string_view sealed) {
    const record_index::record& one = index_.at(by_row.at(id));
    const std::string place = place_of(text_of(one.lookup));
    sealed_anew.emplace_back(
        id, subject::seal_text(key_in(new_keys, to), subject::unseal_text(key_in(old_keys, one.about), sealed, place),
                               place));
  });
  for (const auto& [id, sealed] : sealed_anew) {
    tables_.set_sealed(in.in, id, to, sealed);
    index_.move_to_person(by_row.at(id), to);
  }
}

std::uint64_t personal_records::update_metadata(const selector& wanted, const metadata_change& change,
                                                std::int64_t now) {
  check(change);
  const resolved_selector where = resolve(wanted);
  const core::subject_handle to = change.what == attribute::subject ? handle_of(change.to) : core::subject_handle();
  std::uint64_t records = 0;
  queue_.perform([&](batch& in) {
    const std::optional<subject::pseudonym> about = whom(in, where);
    const bool is_of_policies = where.by != attribute::key && where.by != attribute::subject;
    if (is_of_policies && change.what != attribute::subject) {
      records = change_policies(in, where, change, now);
    } else {
      const std::vector<record_index::place> found = visible(where, now);
      records = found.size();
      if (change.what == attribute::subject) {
        move_to_person(in, found, to);
      } else {
        change_records(in, found, change);
      }
    }
    in.record("record.metadata_update", about,
              {std::string(name_of(where.by)), where.value.empty() ? std::nullopt : std::optional(where.value),
               std::string(name_of(change.what)), records});
  });
  return records;
}

std::uint64_t personal_records::erase(const selector& wanted, std::int64_t now) {
  const resolved_selector where = resolve(wanted);
  std::uint64_t records = 0;
  queue_.perform([&](batch& in) {
    const std::optional<subject::pseudonym> about = whom(in, where);
    const std::vector<record_index::place> found = visible(where, now);
    records = found.size();
    erase_places(in, found);
    in.record(
        "record.erase", about,
        {std::string(name_of(where.by)), where.value.empty() ? std::nullopt : std::optional(where.value), {}, records});
  });
  return records;
}

personal_records::expiry personal_records::erase_expired(std::int64_t now) {
  expiry done;
  queue_.perform([&](batch& in) {
    done = {};
    for (const record_index::policy_number which : index_.policies_in_use()) {
      done.erased += erase_expired_of(in, which, now);
    }
    done.remaining = index_.size();
    in.record("record.expire", std::nullopt, {std::string(name_of(attribute::time_to_live)), {}, {}, done.erased});
  });
  return done;
}

std::vector<audit_tail::entry> personal_records::system_logs(std::size_t count) {
  auto entries = tail_.newest(count);
  queue_.perform([&](batch& in) { in.record("log.read", std::nullopt, {"log", {}, {}, entries.size()}); });
  return entries;
}

bool personal_records::verify_erased(std::string_view key, std::int64_t now) {
  check(selector{attribute::key, std::string(key)});
  const record_lookup lookup = lookup_of(key);
  bool erased = false;
  queue_.perform([&](batch& in) {
    // One that has expired and was not swept yet is held, whatever the operations show.
    if (const auto there = index_.find(lookup); there && !visible(lookup, now)) {
      erase_places(in, std::span(&*there, 1));
    }
    erased = !index_.find(lookup) && !tables_.has(in.in, text_of(lookup));
    in.record("record.verify_erased", std::nullopt, {std::string(name_of(attribute::key)), {}, {}, erased ? 0U : 1U});
  });
  return erased;
}

}  // namespace eunomia::gdprbench
