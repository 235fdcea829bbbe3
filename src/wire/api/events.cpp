// Events: one, a batch, or a stream of lines; durable when they are answered.
#include <fmt/format.h>

#include "core/error.h"
#include "wire/api/api.h"
#include "wire/api/values.h"

namespace eunomia::wire::api {

namespace {

using http::method;
using http::role;

constexpr std::uint64_t batch_body_limit = std::uint64_t{16} << 20;
constexpr std::uint64_t stream_body_limit = std::uint64_t{16} << 30;

struct event_body {
  std::string user_id;
  std::string item_id;
  std::string event_type;
  std::optional<double> event_value;
  std::optional<core::json_value> timestamp;
  std::string event_id;
  std::vector<std::string> impression;
  std::map<std::string, std::string> properties;
};
BOOST_DESCRIBE_STRUCT(event_body, (),
                      (user_id, item_id, event_type, event_value, timestamp, event_id, impression, properties))
core::json_notes notes_of(const event_body*) {
  return {{"user_id", {.shortest = 1}},
          {"item_id", {.shortest = 1}},
          {"event_type", {.text = "\"purchase\"; empty: none", .longest = recommend::max_event_type_bytes}},
          {"timestamp",
           {.text = "Seconds or milliseconds since 1970, or ISO 8601 with an offset; absent: when it arrives"}},
          {"event_id",
           {.text = "Sent again within seven days it is counted once", .longest = recommend::max_event_id_bytes}},
          {"impression", {.text = "Items that were shown", .longest = recommend::max_impression_items}},
          {"properties", {.text = "Declared columns of interactions, as text"}}};
}

struct event_batch {
  std::vector<event_body> events;
};
BOOST_DESCRIBE_STRUCT(event_batch, (), (events))
core::json_notes notes_of(const event_batch*) {
  return {{"events", {.longest = recommend::max_events_per_batch, .shortest = 1}}};
}

struct recorded_events {
  std::uint64_t recorded = 0;
  std::uint64_t duplicates = 0;
  std::uint64_t not_admitted = 0;
};
BOOST_DESCRIBE_STRUCT(recorded_events, (), (recorded, duplicates, not_admitted))

recommend::event event_of(event_body&& body, std::string_view place) {
  recommend::event made;
  made.user_id = std::move(body.user_id);
  made.item_id = std::move(body.item_id);
  made.event_type = std::move(body.event_type);
  made.event_value = body.event_value;
  if (body.timestamp) {
    made.timestamp = time_of(*body.timestamp, place);
  }
  made.event_id = std::move(body.event_id);
  made.impression = std::move(body.impression);
  made.properties = std::move(body.properties);
  return made;
}

recorded_events view_of(const recommend::record_report& report) {
  return {report.recorded, report.duplicates, report.not_admitted};
}

// Records the lines as they come, some hundred at a time. What was recorded before a bad line stays recorded; the error
// says how much, and event ids make it safe to send all again.
class event_lines final : public http::line_sink {
 public:
  event_lines(recommend::answering& to, std::string dataset) : to_(to), dataset_(std::move(dataset)) {}

  void take(std::span<const std::string_view> lines, std::uint64_t first) override {
    std::vector<recommend::event> batch;
    batch.reserve(std::min(lines.size(), recommend::max_events_per_batch));
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (lines[i].empty()) {
        continue;
      }
      const std::uint64_t number = first + i;
      at_line(number, [&] {
        batch.push_back(event_of(core::read_json<event_body>(lines[i], {.unknown = core::json_unknown::refuse,
                                                                        .missing = core::json_missing::keep_default}),
                                 "timestamp"));
      });
      if (batch.size() == recommend::max_events_per_batch) {
        record(batch, number);
      }
    }
    if (!batch.empty()) {
      record(batch, first + lines.size() - 1);
    }
  }

  http::response finish() override { return route_table::answer_of(sum_); }

 private:
  void record(std::vector<recommend::event>& batch, std::uint64_t last_line) {
    at_line(last_line, [&] {
      const auto report = to_.record(dataset_, batch);
      sum_.recorded += report.recorded;
      sum_.duplicates += report.duplicates;
      sum_.not_admitted += report.not_admitted;
    });
    batch.clear();
  }

  template <class Action>
  void at_line(std::uint64_t number, Action action) const {
    try {
      action();
    } catch (const core::error& problem) {
      throw core::error(problem.code(),
                        fmt::format("line {}: {}; {} events of the lines before are recorded, and none from here on",
                                    number, problem.what(), sum_.recorded));
    }
  }

  recommend::answering& to_;
  std::string dataset_;
  recorded_events sum_;
};

operation recording(std::string_view how, std::string summary, std::uint64_t limit) {
  return {method::post,
          "/api/v1/datasets/{dataset}/events" + std::string(how),
          http::access::roles(role::service, role::engineer),
          "events",
          std::move(summary),
          200,
          limit};
}

}  // namespace

void add_events(route_table& table, const services& to) {
  recommend::answering& ask = to.answering;
  table.body<event_body, recorded_events>(recording("", "Record one event", http::default_body_limit),
                                          [&ask](const event_body& body, const http::request& in) {
                                            const recommend::event one = event_of(event_body(body), "timestamp");
                                            return view_of(ask.record(in.path_parameter("dataset"), {&one, 1}));
                                          });
  table.body<event_batch, recorded_events>(
      recording("/batch", "Record events, all or none", batch_body_limit),
      [&ask](const event_batch& body, const http::request& in) {
        std::vector<recommend::event> batch;
        batch.reserve(body.events.size());
        for (std::size_t i = 0; i < body.events.size(); ++i) {
          batch.push_back(event_of(event_body(body.events[i]), fmt::format("events[{}].timestamp", i)));
        }
        return view_of(ask.record(in.path_parameter("dataset"), batch));
      });
  const operation stream = recording("/stream", "Record a stream of events, a JSON object a line", stream_body_limit);
  http::route route{.verb = stream.verb, .path = stream.path, .who = stream.who, .run = nullptr};
  route.body = {http::body_policy::kind::lines, stream.body_limit};
  route.open_sink = [&ask, to](http::request& in) -> std::unique_ptr<http::line_sink> {
    to.datasets.open(in.path_parameter("dataset"));
    return std::make_unique<event_lines>(ask, in.path_parameter("dataset"));
  };
  table.raw<nothing, recorded_events>(stream, "application/x-ndjson", R"({"type":"string"})", std::move(route));
}

}  // namespace eunomia::wire::api
