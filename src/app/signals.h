#pragma once

#include <signal.h>

namespace eunomia::app {

// SIGINT, SIGTERM and SIGHUP as something to wait for: no thread of ours is interrupted by them. Make one before any
// other thread, which inherits the mask. Threads that libraries started earlier (OpenBLAS does when it is loaded) have
// no such mask: what the kernel gives to one of them is handed on to the thread that waits. One at a time.
class signals {
 public:
  signals();
  ~signals();
  signals(const signals&) = delete;
  signals& operator=(const signals&) = delete;

  // The next that came since the signals were made. For the thread that made them.
  int next() const;

  // From here on SIGINT and SIGTERM end the process at once, by a thread of their own: somebody has asked twice. What
  // was acknowledged rests on disk.
  void end_at_the_next() const;

 private:
  sigset_t set_ = {};
  sigset_t before_ = {};
};

}  // namespace eunomia::app
