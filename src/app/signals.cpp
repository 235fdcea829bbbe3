#include "app/signals.h"

#include <pthread.h>

#include <atomic>
#include <cstdlib>
#include <thread>

namespace eunomia::app {

namespace {

constexpr int waited_for[] = {SIGINT, SIGTERM, SIGHUP};
constexpr int exit_by_signal = 128;  // and the signal's number, as a shell tells it

std::atomic<pthread_t> waiting;  // the thread that calls sigwait, now or soon
static_assert(std::atomic<pthread_t>::is_always_lock_free);

// Runs only in a thread without our mask. There the signal would end the process, by default.
void hand_on(int signal) {
  ::pthread_kill(waiting.load(), signal);
}

int wait_for(const sigset_t& set) {
  int signal = 0;
  ::sigwait(&set, &signal);
  return signal;
}

}  // namespace

signals::signals() {
  ::sigemptyset(&set_);
  for (const int signal : waited_for) {
    ::sigaddset(&set_, signal);
  }
  ::pthread_sigmask(SIG_BLOCK, &set_, &before_);
  waiting = ::pthread_self();
  struct sigaction action = {};
  action.sa_handler = hand_on;
  action.sa_flags = SA_RESTART;
  for (const int signal : waited_for) {
    ::sigaction(signal, &action, nullptr);
  }
  // A client that went away is an error of the write, not the end of the server.
  ::signal(SIGPIPE, SIG_IGN);
}

signals::~signals() {
  for (const int signal : waited_for) {
    ::signal(signal, SIG_DFL);
  }
  ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

int signals::next() const {
  return wait_for(set_);
}

void signals::end_at_the_next() const {
  std::thread([set = set_] {
    waiting = ::pthread_self();
    int signal = SIGHUP;
    while (signal == SIGHUP) {
      signal = wait_for(set);
    }
    std::_Exit(exit_by_signal + signal);
  }).detach();
}

}  // namespace eunomia::app
