#include <algorithm>
#include <optional>
#include <unordered_map>
#include <utility>

#include "bench/gdprbench/personal_records_batch.h"

// What changes no record.
namespace eunomia::gdprbench {

namespace sql = store::sql;

std::vector<record_content> personal_records::read_data(const selector& wanted, std::int64_t now) {
  const resolved_selector where = resolve(wanted);
  std::vector<record_tables::sealed_record> sealed;
  subject::data_keys people;
  const auto body = [&](batch& in) {
    const std::vector<std::int64_t> ids = rows_of(visible(where, now));
    in.read([&](sql::connection& from) {
      sealed = tables_.sealed(from, ids);
      people = keys_.keys_of(from, people_of(sealed));
    });
    in.record("record.data_read", whom(in, where),
              {std::string(name_of(where.by)),
               where.value.empty() ? std::nullopt : std::optional(where.value),
               {},
               ids.size()});
  };
  queue_.perform({.run = body, .reads_tables = true, .saves_first = false});
  record_key_ring keys(people);
  std::vector<record_content> data;
  data.reserve(sealed.size());
  for (const record_tables::sealed_record& one : sealed) {
    data.push_back(unseal_record(keys.key_of(one.about, one.lookup, one.granted), one.sealed, one.lookup));
  }
  return data;
}

personal_records::found_metadata personal_records::read_metadata(const selector& wanted, std::int64_t now) {
  const resolved_selector where = resolve(wanted);
  found_metadata answer;
  const auto body = [&](batch& in) {
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
  };
  queue_.perform({.run = body, .reads_tables = false, .saves_first = false});
  return answer;
}

audit_page personal_records::system_logs(std::size_t count) {
  audit_page entries = tail_.newest(count);
  const auto body = [&](batch& in) { in.record("log.read", std::nullopt, {"log", {}, {}, entries.size()}); };
  queue_.perform({.run = body, .reads_tables = false, .saves_first = false});
  return entries;
}

bool personal_records::verify_erased(std::string_view key, std::int64_t now) {
  check(selector{attribute::key, std::string(key)});
  const record_lookup lookup = lookup_of(key);
  bool erased = false;
  std::optional<std::int64_t> left;       // the row of it that rests in the table, though it was erased
  std::optional<std::int64_t> taken_out;  // and is there no more
  const auto body = [&](batch& in) {
    // One that has expired and was not swept yet is held, whatever the operations show.
    if (const auto there = index_.find(lookup); there && !visible(lookup, now)) {
      erase_places(in, std::span(&*there, 1));
    }
    left = tables_.erased_row(lookup);
    if (left != taken_out) {
      return;
    }
    const auto is_in_table = [&](sql::connection& from) { return record_tables::has(from, text_of(lookup)); };
    erased = !index_.find(lookup) && !in.read(is_in_table);
    in.record("record.verify_erased", std::nullopt, {std::string(name_of(attribute::key)), {}, {}, erased ? 0U : 1U});
  };
  for (bool is_known = false; !is_known; is_known = left == taken_out) {
    if (left != taken_out) {
      // That it was erased rests in the journal.
      database_.write([&](sql::transaction& in) { record_tables::take_out(in, *left); });
      taken_out = left;
    }
    queue_.perform({.run = body, .reads_tables = true, .saves_first = false});
  }
  return erased;
}

}  // namespace eunomia::gdprbench
