// fault_recorder FOLDER RUN: records events from two threads, and settles them from a third, until it is killed; a line
// on standard output for the first number of each batch that was acknowledged.

#include <unistd.h>

#include <cstdio>
#include <exception>
#include <string>
#include <thread>

#include "plan.h"
#include "recorded_shop.h"

namespace eunomia::fault {
namespace {

void acknowledge(const char* what, std::int64_t number) {
  char line[64];
  const int length = std::snprintf(line, sizeof line, "%s %lld\n", what, static_cast<long long>(number));
  if (::write(STDOUT_FILENO, line, static_cast<std::size_t>(length)) != length) {
    std::terminate();
  }
}

int run(const std::filesystem::path& folder, std::int64_t run_number) {
  const recorded_shop shop(folder);
  acknowledge("open", run_number);
  const auto record = [&](std::int64_t number) {
    for (;; number += events_per_batch) {
      shop.dataset->record(numbered_batch(number));
      acknowledge("events", number);
    }
  };
  std::thread threads[] = {std::thread([&] { record(first_number(run_number, 1)); }),
                           std::thread([&] { record(first_number(run_number, 2)); }), std::thread([&] {
                             core::thread_pool pool(2);
                             core::job job;
                             for (std::int64_t n = 0;; ++n) {
                               if (shop.dataset->settle(pool, job) > 0) {
                                 acknowledge("settled", first_number(run_number, 0) + n);
                               }
                             }
                           })};
  for (std::thread& thread : threads) {
    thread.join();
  }
  return 0;
}

}  // namespace
}  // namespace eunomia::fault

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("fault_recorder FOLDER RUN\n", stderr);
    return 2;
  }
  return eunomia::fault::run(argv[1], std::stoll(argv[2]));
}
