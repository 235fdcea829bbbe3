#include "wire/http/built_in.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "core/json_writer.h"
#include "core/memory.h"

namespace eunomia::wire::http {

namespace {

class nobody final : public authenticator {
 public:
  outcome authenticate(const request&) const override {
    return {.who = std::nullopt, .reason = "this server has no credentials"};
  }
  std::string challenge() const override { return "Bearer"; }
};

std::string error_body(const failure& why) {
  core::json_writer out;
  out.begin_object();
  out.name("error");
  out.begin_object();
  out.name("code");
  out.string(why.code);
  out.name("message");
  out.string(why.message);
  out.end_object();
  out.end_object();
  return std::move(out).text();
}

response plain(unsigned status, std::string text) {
  return {.status = status, .content_type = "text/plain; charset=utf-8", .body = std::move(text)};
}

double processor_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

double open_descriptors() {
  std::error_code failed;
  const std::filesystem::directory_iterator all("/proc/self/fd", failed);
  return failed ? 0 : static_cast<double>(std::distance(begin(all), end(all)));
}

// Field 22 of /proc/self/stat, in ticks since the machine started, and when that was (proc(5)).
double start_time() {
  std::ifstream about_self("/proc/self/stat");
  std::string text((std::istreambuf_iterator<char>(about_self)), {});
  text.erase(0, text.rfind(')') + 1);
  std::istringstream fields(text);
  std::string skipped;
  for (int i = 3; i < 22; ++i) {
    fields >> skipped;
  }
  double ticks = 0;
  fields >> ticks;
  std::ifstream about_machine("/proc/stat");
  double booted = 0;
  for (std::string word; about_machine >> word;) {
    if (word == "btime") {
      about_machine >> booted;
      break;
    }
  }
  return booted + ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

}  // namespace

void readiness::set(bool is, std::string reason) {
  const std::lock_guard lock(mutex_);
  is_ = is;
  reason_ = std::move(reason);
}

std::string readiness::reason_not() const {
  const std::lock_guard lock(mutex_);
  if (is_) {
    return {};
  }
  return reason_.empty() ? "not ready" : reason_;
}

built_in_protocol::built_in_protocol(const protocol* first, const readiness& ready, const metrics& figures)
    : first_(first), nobody_(std::make_unique<nobody>()) {
  routes_.push_back({.verb = method::get,
                     .path = "/health",
                     .who = access::open(),
                     .run = [](request&) { return plain(200, "ok\n"); },
                     .where = execution::inline_});
  routes_.push_back({.verb = method::get,
                     .path = "/ready",
                     .who = access::open(),
                     .run =
                         [&ready](request&) {
                           const std::string reason = ready.reason_not();
                           return reason.empty() ? plain(200, "ready\n") : plain(503, reason + "\n");
                         },
                     .where = execution::inline_});
  routes_.push_back({.verb = method::get,
                     .path = "/metrics",
                     .who = access::roles(role::engineer),
                     .run = [&figures](request&) -> response {
                       return {.content_type = "text/plain; version=0.0.4; charset=utf-8", .body = figures.text()};
                     }});
}

built_in_protocol::~built_in_protocol() = default;

bool built_in_protocol::claims(const request& head) const {
  return std::any_of(routes_.begin(), routes_.end(), [&](const route& r) { return r.path == head.path; });
}

const authenticator& built_in_protocol::credentials() const {
  return first_ != nullptr ? first_->credentials() : *nobody_;
}

response built_in_protocol::answer_of(const request& head, const failure& why) const {
  if (first_ != nullptr) {
    return first_->answer_of(head, why);
  }
  return {.status = why.status, .body = error_body(why)};
}

void add_process_figures(metrics& into) {
  into.gauge("process_resident_memory_bytes", "Memory of the process in RAM.",
             [] { return static_cast<double>(core::resident_bytes()); });
  into.gauge("process_cpu_seconds_total", "Processor time of the process, user and system.", processor_seconds);
  into.gauge("process_open_fds", "Open file descriptors.", open_descriptors);
  const double started = start_time();
  into.gauge("process_start_time_seconds", "When the process started, in seconds since 1970.",
             [started] { return started; });
}

}  // namespace eunomia::wire::http
