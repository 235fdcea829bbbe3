#include "wire/http/server_state.h"

#include <array>

#include "core/time.h"
#include "wire/http/answer_head.h"
#include "wire/http/connection.h"

namespace eunomia::wire::http {

namespace {

route_figures figures_of(metrics& into, std::string_view protocol_name, std::string_view pattern,
                         std::string_view verb) {
  static constexpr std::array<const char*, 5> classes = {"1xx", "2xx", "3xx", "4xx", "5xx"};
  const labels where = {
      {"protocol", std::string(protocol_name)}, {"route", std::string(pattern)}, {"method", std::string(verb)}};
  route_figures made;
  for (std::size_t i = 0; i < classes.size(); ++i) {
    labels with = where;
    with.emplace_back("status", classes[i]);
    made.by_class[i] = &into.counter_of("eunomia_http_requests_total", "Requests answered.", with);
  }
  made.seconds = &into.histogram_of("eunomia_http_request_duration_seconds",
                                    "From the end of a request's head to the end of its answer.", where);
  return made;
}

}  // namespace

shard::shard()
    : context(1), keeps_running(context.get_executor()), due(context.get_executor()), ids_(std::random_device{}()) {}

const std::string& shard::date() {
  const std::int64_t second = core::now_ms() / core::milliseconds_per_second;
  if (second != date_second_) {
    date_second_ = second;
    date_ = http_date(second);
  }
  return date_;
}

std::string shard::new_request_id() {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string id(16, '0');
  std::uint64_t bits = ids_();
  for (char& digit : id) {
    digit = digits[bits & 15];
    bits >>= 4;
  }
  return id;
}

server_state::server_state(const server_options& with, std::span<const protocol* const> all, metrics& into)
    : options(with),
      routes(all),
      fallback(*all.front()),
      workers(with.workers, with.max_queue),
      live(std::make_shared<live_figures>()),
      received_bytes(into.counter_of("eunomia_http_received_bytes_total", "Bytes received.")),
      sent_bytes(into.counter_of("eunomia_http_sent_bytes_total", "Bytes sent in answers.")) {
  for (const protocol* speaks : all) {
    unrouted.emplace(speaks, figures_of(into, speaks->name(), "(none)", "(any)"));
    for (const route& r : speaks->routes()) {
      figures.emplace(&r, figures_of(into, speaks->name(), r.path, name_of(r.verb)));
    }
  }
  into.gauge("eunomia_http_connections", "Connections open.",
             [kept = live] { return static_cast<double>(kept->connections.load()); });
  into.gauge("eunomia_http_queue_length", "Requests and pieces of bodies that wait for a worker.",
             [kept = live] { return static_cast<double>(kept->queued.load()); });
}

}  // namespace eunomia::wire::http
