#include "app/signals.h"

#include <gtest/gtest.h>
#include <semaphore.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <thread>

namespace eunomia::app {
namespace {

TEST(signals, that_came_before_anybody_waited_are_not_lost) {
  const signals here;
  ::kill(::getpid(), SIGHUP);
  EXPECT_EQ(here.next(), SIGHUP);
}

// As OpenBLAS has one from before main(). It waits, as those do, in a call that ThreadSanitizer knows: it gives signals
// to a thread in no other, std::binary_semaphore's say, until that returns.
TEST(signals, given_to_a_thread_without_the_mask_reach_the_one_that_waits) {
  sem_t done;
  ASSERT_EQ(::sem_init(&done, 0, 0), 0);
  std::thread earlier([&] {
    while (::sem_wait(&done) != 0 && errno == EINTR) {
    }
  });
  {
    const signals here;
    for (const int signal : {SIGTERM, SIGHUP, SIGINT}) {
      ::pthread_kill(earlier.native_handle(), signal);
      EXPECT_EQ(here.next(), signal);
    }
  }
  ::sem_post(&done);
  earlier.join();
  ::sem_destroy(&done);
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
