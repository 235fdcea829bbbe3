#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bench/gdprbench/model.h"
#include "bench/gdprbench/store_under_test.h"
#include "bench/gdprbench/workload.h"

namespace eunomia::gdprbench {

struct run_result {
  double seconds = 0;            // from the first question to the last answer
  double processor_seconds = 0;  // of this process meanwhile: of a store in it all, of another its clients' part
  double settling_seconds = 0;   // of settle(), after the last answer
  std::uint64_t operations = 0;
  std::uint64_t correct = 0;       // answers that are the model's
  bool audit_is_complete = false;  // one entry for each record loaded and each operation, and the log holds together
  std::uint64_t total_bytes = 0;
  std::uint64_t personal_bytes = 0;  // the data as they were given, of the records that are there at the end
  std::vector<double> latencies_ms;  // of each answer, ascending; waiting for earlier operations not counted

  double latency_ms(double quantile) const;
  double correctness_percent() const;
  bool is_right() const { return correct == operations && audit_is_complete; }
};

// Loads an empty store, runs the workload on it with so many clients, and holds every answer against the model. Each
// client takes the earliest operation that may be asked; one that depends on earlier ones may be once these were
// answered (model.h), so that there is one right answer. Throws what the store throws.
run_result run_workload(store_under_test& store, const workload_parameters& of, unsigned clients);

}  // namespace eunomia::gdprbench
