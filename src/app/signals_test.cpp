#include "app/signals.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <semaphore>
#include <thread>

namespace eunomia::app {
namespace {

TEST(signals, that_came_before_anybody_waited_are_not_lost) {
  const signals here;
  ::kill(::getpid(), SIGHUP);
  EXPECT_EQ(here.next(), SIGHUP);
}

// As OpenBLAS has one from before main().
TEST(signals, given_to_a_thread_without_the_mask_reach_the_one_that_waits) {
  std::binary_semaphore done(0);
  std::thread earlier([&] { done.acquire(); });
  {
    const signals here;
    for (const int signal : {SIGTERM, SIGHUP, SIGINT}) {
      ::pthread_kill(earlier.native_handle(), signal);
      EXPECT_EQ(here.next(), signal);
    }
  }
  done.release();
  earlier.join();
}

TEST(signals, end_the_process_at_once_when_asked_twice) {
  EXPECT_EXIT(
      {
        const signals here;
        here.end_at_the_next();
        ::kill(::getpid(), SIGHUP);  // which ends nothing
        ::kill(::getpid(), SIGTERM);
        std::this_thread::sleep_for(std::chrono::seconds(60));
      },
      testing::ExitedWithCode(128 + SIGTERM), "");
}

}  // namespace
}  // namespace eunomia::app
