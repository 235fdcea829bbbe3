#include "core/progress.h"

#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <thread>

namespace eunomia::core {

namespace {

constexpr std::size_t widest_bar = 40;
constexpr std::size_t narrowest_bar = 8;
constexpr std::size_t default_columns = 80;

template <class... Values>
std::string formatted(const char* pattern, Values... values) {
  std::array<char, 64> text;
  const int length = std::snprintf(text.data(), text.size(), pattern, values...);
  return {text.data(), std::min(static_cast<std::size_t>(std::max(length, 0)), text.size() - 1)};
}

// "950", "12.3 k", "1.21 M": three significant digits.
std::string amount(double value) {
  constexpr std::array<const char*, 5> units = {"", " k", " M", " G", " T"};
  std::size_t unit = 0;
  while (value >= 999.5 && unit + 1 < units.size()) {
    value /= 1000;
    ++unit;
  }
  const int digits = value >= 99.95 || (unit == 0 && value == std::floor(value)) ? 0 : value >= 9.995 ? 1 : 2;
  return formatted("%.*f%s", digits, value, units[unit]);
}

std::string duration(double seconds) {
  const auto whole = static_cast<long long>(std::min(std::ceil(seconds), 359'999'999.0));
  return whole < 3600 ? formatted("%lld:%02lld", whole / 60, whole % 60)
                      : formatted("%lld:%02lld:%02lld", whole / 3600, whole / 60 % 60, whole % 60);
}

void write_all(int file_descriptor, std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(file_descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written <= 0) {
      return;  // nobody to show it to is no reason to stop the work
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

std::size_t columns_of(int file_descriptor) {
  winsize size{};
  return ::ioctl(file_descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : default_columns;
}

progress_style resolved(progress_style style, int file_descriptor) {
  if (style != progress_style::automatic) {
    return style;
  }
  return ::isatty(file_descriptor) != 0 ? progress_style::bar : progress_style::lines;
}

}  // namespace

std::string progress_line(const progress_state& state, std::size_t width) {
  const double rate = state.seconds > 0 ? static_cast<double>(state.done) / state.seconds : 0;
  std::string tail;
  std::string bar;
  if (state.total > 0) {
    const std::uint64_t done = std::min(state.done, state.total);
    const double share = static_cast<double>(done) / static_cast<double>(state.total);
    tail = formatted("  %3.0f %%", std::floor(share * 100));
    if (rate > 0) {
      tail.append("  ").append(amount(rate)).append("/s");
      tail.append("  ").append(done < state.total
                                   ? duration(static_cast<double>(state.total - done) / rate).append(" left")
                                   : "in " + duration(state.seconds));
    }
    const std::size_t used = state.stage.size() + tail.size() + 4;
    if (width >= used + narrowest_bar) {
      const std::size_t cells = std::min(width - used, widest_bar);
      const auto full = static_cast<std::size_t>(share * static_cast<double>(cells));
      bar.append("  [").append(full, '#').append(cells - full, '.').append("]");
    }
  } else {
    tail.append("  ").append(amount(static_cast<double>(state.done)));
    if (rate > 0) {
      tail.append("  ").append(amount(rate)).append("/s");
    }
  }
  std::string line(state.stage);
  line.append(bar).append(tail);
  if (width > 0 && line.size() > width) {
    line.resize(width);
  }
  return line;
}

terminal_job::terminal_job(progress_style style, int file_descriptor)
    : file_descriptor_(file_descriptor), style_(resolved(style, file_descriptor)) {}

terminal_job::~terminal_job() {
  end_bar();
}

void terminal_job::report(std::string_view stage, std::uint64_t done, std::uint64_t total) {
  if (style_ == progress_style::silent) {
    return;
  }
  const std::lock_guard lock(mutex_);
  const auto now = clock::now();
  const bool new_stage = stage != stage_ || shown_.stage.data() == nullptr;
  if (new_stage) {
    end_bar();
    stage_ = stage;
    shown_ = {};
    shown_.stage = stage_;
    began_ = now;
    ended_ = false;
  }
  // Reports of several threads may arrive out of order; progress only grows.
  shown_.done = std::max(shown_.done, done);
  shown_.total = total;
  shown_.seconds = std::chrono::duration<double>(now - began_).count();
  const bool last = total > 0 && shown_.done >= total;
  const auto interval = style_ == progress_style::bar ? clock::duration(bar_interval) : clock::duration(lines_interval);
  if (ended_ || (!new_stage && !last && now - drawn_ < interval)) {
    return;
  }
  drawn_ = now;
  ended_ = last;
  show(shown_, last);
}

void terminal_job::show(const progress_state& state, bool last_of_stage) {
  if (style_ == progress_style::lines) {
    write_all(file_descriptor_, progress_line(state, 0) + "\n");
    return;
  }
  // Back to the first column, the line, and the rest of the old one erased.
  const std::size_t columns = columns_of(file_descriptor_);
  std::string line = "\r";
  line.append(progress_line(state, columns - 1)).append("\x1b[K");
  write_all(file_descriptor_, line);
  bar_open_ = true;
  if (last_of_stage) {
    end_bar();
  }
}

void terminal_job::end_bar() {
  if (bar_open_) {
    write_all(file_descriptor_, "\n");
    bar_open_ = false;
  }
}

namespace {

// A signal handler can be reached only by what is global.
std::atomic<job*> job_of_signals = nullptr;
std::atomic<int> handlers_running = 0;
std::array<struct sigaction, 2> actions_before;
constexpr std::array signals = {SIGINT, SIGTERM};
static_assert(std::atomic<job*>::is_always_lock_free && std::atomic<int>::is_always_lock_free);

void on_signal(int number) {
  const int saved_errno = errno;
  ++handlers_running;
  if (job* const cancelled = job_of_signals.load()) {
    if (cancelled->cancelled()) {
      ::signal(number, SIG_DFL);
      ::raise(number);  // delivered when this handler returns
    } else {
      cancelled->cancel();
      constexpr std::string_view note = "\nstopping at the next safe point; once more to stop at once\n";
      [[maybe_unused]] const auto ignored = ::write(2, note.data(), note.size());
    }
  }
  --handlers_running;
  errno = saved_errno;
}

}  // namespace

cancel_on_signal::cancel_on_signal(job& cancelled) {
  job* expected = nullptr;
  if (!job_of_signals.compare_exchange_strong(expected, &cancelled)) {
    throw error(errc::failed_precondition, "signals already cancel another job of this process");
  }
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  ::sigemptyset(&action.sa_mask);
  for (std::size_t i = 0; i < signals.size(); ++i) {
    ::sigaction(signals[i], &action, &actions_before[i]);
  }
}

cancel_on_signal::~cancel_on_signal() {
  for (std::size_t i = 0; i < signals.size(); ++i) {
    ::sigaction(signals[i], &actions_before[i], nullptr);
  }
  job_of_signals = nullptr;
  // A handler that is running in another thread may hold the pointer.
  while (handlers_running > 0) {
    std::this_thread::yield();
  }
}

}  // namespace eunomia::core
