#pragma once

#include <boost/describe.hpp>
#include <cstdint>
#include <mutex>
#include <span>
#include <string_view>
#include <vector>

namespace eunomia::subject {

// What is being done for a request to erase.
enum class erasure_phase {
  waiting,    // for its turn, or for the next attempt
  looking,    // the custodians are asked what there is
  erasing,    // they erase it
  verifying,  // they are asked again, and every file of the data directory is read
  certifying  // what leads to the people leaves the request, and the certificate is written
};
BOOST_DESCRIBE_ENUM(erasure_phase, waiting, looking, erasing, verifying, certifying)
std::string_view name_of(erasure_phase phase) noexcept;

struct erasure_progress {
  erasure_phase phase = erasure_phase::waiting;
  std::uint64_t done = 0;   // custodians; bytes while verifying
  std::uint64_t total = 0;  // 0: not counted
};
BOOST_DESCRIBE_STRUCT(erasure_progress, (), (phase, done, total))

// How far the pass is that completes requests, in memory: after a restart they wait again. Any thread.
class erasure_board {
 public:
  // A pass over these requests begins; there is one at a time.
  void begin(std::span<const std::int64_t> requests);
  void tell(const erasure_progress& now);
  // What it left open waits.
  void end() noexcept;

  // Waiting, unless the pass is over this request.
  erasure_progress of(std::int64_t request) const;

 private:
  mutable std::mutex mutex_;
  std::vector<std::int64_t> requests_;  // ascending
  erasure_progress now_;
};

}  // namespace eunomia::subject
