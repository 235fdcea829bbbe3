#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "bench/gdprbench/model.h"
#include "bench/gdprbench/workload.h"

namespace eunomia::gdprbench {

// A store that workloads run on, empty when it is made and gone with its data when it is destroyed.
class store_under_test {
 public:
  virtual ~store_under_test() = default;

  // Stores the records that the workload begins with, an audit entry each.
  virtual void load() = 0;
  // Opens what so many clients at once need, before the clock runs: connections.
  virtual void expect(unsigned /*clients*/) {}
  // Runs one operation, durably; any thread. Throws only where the store fails.
  virtual answer perform(const workload_operation& asked) = 0;
  // Does at once what a store leaves for later: brings tables up to date from its log, frees what is not needed. Behind
  // the clock of the operations, and timed by itself.
  virtual void settle() {}

  // digest_of_text of what the store calls a key.
  virtual std::uint64_t lookup_of(std::string_view key) const = 0;
  // What rests on disk of records, keys and audit log.
  virtual std::uint64_t total_bytes() = 0;
  // The number of audit entries, after a check of the log as far as it can be checked.
  virtual std::uint64_t verified_audit_entries() = 0;
};

}  // namespace eunomia::gdprbench
