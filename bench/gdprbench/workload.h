#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "bench/gdprbench/personal_record.h"

// GDPRbench's four workloads as streams of operations: the same ones for every store and every run of a seed. Written
// anew from the benchmark's description and its published parameters; the distributions are YCSB's.
namespace eunomia::gdprbench {

enum class role { controller, customer, processor, regulator };
std::string_view name_of(role of) noexcept;

// What the benchmark's files hold, and what its paper says (PVLDB 13(7), table 2), differ. In percent:
//
//              shipped (src/workloads/gdpr_*, commit 94d399c)         paper
//   controller insert 25, delete by key 25, update metadata by        insert 25, delete by PUR, TTL, USR 25, update
//              PUR 25, by USR 25; uniform                             metadata by PUR, USR, SHR 50; uniform
//   customer   read 20, read metadata by PUR 10, by USR 10, update 20,  read data by USR 20, read metadata by key 20,
//              update metadata by PUR 10, by USR 10, delete by key 20;  update data 20, update metadata 20, delete 20,
//              all zipfian                                                by key; zipfian
//   processor  read 20, read metadata by PUR 40, by USR 40; uniform   read data by key 80, by PUR, OBJ, DEC 20;
//   uniform,
//                                                                     keys zipfian
//   regulator  none is shipped                                        read metadata by USR 46, read the log 31, verify
//                                                                     a deletion 23; zipfian
//
// The paper's shares of several selectors are split evenly. "By TTL" is: whatever is past it.
enum class mix { shipped, paper };
std::string_view name_of(mix of) noexcept;
// The regulator has the paper's only.
mix available_mix(role of, mix wanted) noexcept;

struct workload_parameters {
  role who = role::controller;
  mix as = mix::shipped;
  std::uint64_t records = 10'000;
  std::uint64_t operations = 1000;
  std::uint64_t purposes = 25;
  std::uint64_t people = 10'000;
  std::size_t data_bytes = 100;  // the shipped fieldlength
  std::uint64_t seed = 1;
};

enum class action {
  insert,
  replace,  // all fields: YCSB's update with writeallfields
  update_data,
  update_metadata,
  erase,
  erase_expired,
  read_data,
  read_metadata,
  read_log,
  verify_erased
};

// The record with a number: its fields are that number modulo the number of values that a field has, as in GDPRbench.
struct numbered_record {
  std::uint64_t key = 0;
  std::uint64_t version = 0;  // of the data: 0, or the operation that wrote them
};

struct workload_operation {
  action what = action::read_data;
  selector where;            // of all but insert, erase_expired and read_log
  metadata_change change;    // update_metadata
  numbered_record record;    // insert, replace, update_data
  std::uint64_t number = 0;  // of the key that the fields were chosen by
  std::size_t log_entries = 0;
  std::int64_t at = 0;  // UTC ms, a clock of the workload's own
};

// Fields of records, without a random number: GDPRbench's values.
class record_source {
 public:
  explicit record_source(const workload_parameters& of) : of_(of) {}

  static std::string key(std::uint64_t number);
  std::string value(attribute of, std::uint64_t number) const;  // of any attribute but key
  // Text that is different for each record and version, data_bytes long.
  std::string data(const numbered_record& of) const;
  personal_record record(const numbered_record& of) const;
  std::uint64_t values_of(attribute of) const;

 private:
  workload_parameters of_;
};

// When the load was: every record of it was collected then.
inline constexpr std::int64_t load_time = 1'700'000'000'000;
// The clock of the workload runs through this while its operations run, whatever that takes: the records of the
// shortest time to live, 30 s and a tenth of all, expire in the middle of it. GDPRbench waits instead.
inline constexpr std::int64_t run_length_ms = 60'000;
// What has expired is erased so many times in a run, beside the operations that are counted.
inline constexpr std::uint64_t sweeps = 10;

std::vector<workload_operation> operations_of(const workload_parameters& of);

// Items 0 <= i < n, some of them more popular than others, the popular ones scattered: YCSB's scrambled zipfian, after
// Gray et al., "Quickly generating billion-record synthetic databases", SIGMOD 1994, with a constant of 0.99 over 10^10
// items, hashed by FNV-1a onto n.
class scrambled_zipfian {
 public:
  explicit scrambled_zipfian(std::uint64_t n) : n_(n) {}
  std::uint64_t operator()(std::mt19937_64& random) const;

 private:
  std::uint64_t n_;
};

}  // namespace eunomia::gdprbench
