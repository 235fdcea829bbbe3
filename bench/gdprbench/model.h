#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/gdprbench/workload.h"

// What every answer must be, known before any store is asked: the operations applied one after another to records in
// memory, by looking at all of them, so that nothing is shared with what is measured.
namespace eunomia::gdprbench {

// An answer in short: equal for equal answers, whatever the order of their records.
struct answer {
  // Records found, changed or erased; of erase_expired those that are left; of verify_erased 1 when it is.
  std::uint64_t count = 0;
  // The sum of the digests of what was found; of read_log the newest sequence.
  std::uint64_t digest = 0;
  friend bool operator==(const answer&, const answer&) = default;
};

std::uint64_t digest_of_text(std::string_view text);
std::uint64_t digest_of_data(std::string_view key, std::string_view data);
// joined() texts, in the order of text_attributes, after TTL in decimal; each ends with a line feed.
std::string text_of_metadata(const metadata& means);
// lookup: what the store calls the record; means: digest_of_text(text_of_metadata()).
std::uint64_t digest_of_record(std::uint64_t lookup, std::uint64_t person, std::int64_t collected_at,
                               std::uint64_t means);

struct planned_operation {
  workload_operation operation;
  answer expected;
  // Positions of earlier operations, ascending, that must be answered before this one is asked: those that read or
  // change what it changes, or change what it reads, and have no other such between. Clients at once then give the
  // answers of one after another.
  std::vector<std::uint32_t> after;
};

// How often log entries are written before the first operation is not the plan's business: expected of read_log is
// {entries asked for, 0}.
struct plan {
  std::vector<planned_operation> operations;
  // At the end.
  std::uint64_t records = 0;
  std::uint64_t data_bytes = 0;
};

// lookup_of: digest_of_text of what the store calls a key. Person n of the workload is number n + 1 in answers.
plan plan_of(const workload_parameters& of, const std::function<std::uint64_t(std::string_view key)>& lookup_of);

}  // namespace eunomia::gdprbench
