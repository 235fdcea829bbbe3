#include "bench/gdprbench/personal_records.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <optional>
#include <unordered_map>
#include <utility>

#include "bench/gdprbench/personal_records_batch.h"
#include "core/error.h"
#include "store/sql/in_doubt.h"

// The index is changed as operations run, before their commit: the next of the same transaction must see it. No answer
// leaves before the commit, and when that fails the index is read again from the tables before anything else runs
// (ahead_).
namespace eunomia::gdprbench {

namespace sql = store::sql;

namespace {

constexpr std::string_view key_space = "record";
constexpr std::string_view person_space = "user";

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
std::string place_of(const record_lookup& lookup) {
  return fmt::format("personal_record.sealed {}", text_of(lookup));
}

}  // namespace

std::string seal_record(const core::secret_key& with, std::string_view key, std::string_view data,
                        const record_lookup& lookup) {
  return subject::seal_text(with, packed(key, data), place_of(lookup));
}

std::string seal_anew(const core::secret_key& from, const core::secret_key& to, std::string_view sealed,
                      const record_lookup& lookup) {
  const std::string place = place_of(lookup);
  return subject::seal_text(to, subject::unseal_text(from, sealed, place), place);
}

personal_records::found_data unseal_record(const core::secret_key& with, std::string_view sealed,
                                           const record_lookup& lookup) {
  return unpacked(subject::unseal_text(with, sealed, place_of(lookup)));
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
                      seal_record(key, records[i].key, records[i].data, lookups[i]), index_.policy_at(policy).row,
                      index_.policy_at(policy).means});
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
      tables_.set_sealed(in.in, id, about, seal_record(key_in(keys, about), wanted.key, wanted.data, lookup));
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
      tables_.set_sealed(in.in, index_.at(*where).row, about, seal_record(key_in(keys, about), key, data, lookup));
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
    data.push_back(unseal_record(key_in(keys, one.about), one.sealed, one.lookup));
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
