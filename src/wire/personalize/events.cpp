// What people do, and what is put into datasets one by one.
#include <fmt/format.h>

#include <cmath>
#include <span>

#include "core/error.h"
#include "core/json.h"
#include "core/log.h"
#include "core/time.h"
#include "recommend/avro_schema.h"
#include "recommend/event_checks.h"
#include "wire/personalize/dataset_groups.h"
#include "wire/personalize/descriptions.h"
#include "wire/personalize/event_trackers.h"
#include "wire/personalize/json_members.h"
#include "wire/personalize/operations.h"

namespace eunomia::wire::personalize {

namespace {

using core::errc;
using core::json_value;
using recommend::schema_subject;

constexpr std::size_t most_sessions_a_look = 10'000;

// The group whose tracker has the id.
resource group_of_tracker(const house& in, const std::string& tracking_id) {
  try {
    const auto tracker = in.known.find(resource_kind::event_tracker, tracker_arn(in.arns, tracking_id));
    if (text_of(tracker->shown, "trackingId") == tracking_id) {
      return *in.known.find(resource_kind::dataset_group, tracker->parent);
    }
  } catch (const core::error& problem) {
    if (problem.code() != errc::not_found) {
      throw;
    }
  }
  throw core::error(errc::not_found, fmt::format("there is no event tracker with the trackingId {}", tracking_id));
}

// A moment of the service model: seconds since 1970 as a number, or ISO 8601.
std::int64_t moment_of(const json_value& given, std::string_view place) {
  if (given.type() == json_value::kind::number) {
    const double seconds = core::read_json<double>(given);
    return static_cast<std::int64_t>(std::llround(seconds * 1000));
  }
  try {
    return core::parse_timestamp(given.text());
  } catch (const core::error& problem) {
    throw core::error(errc::invalid_argument, fmt::format("{}: {}", place, problem.what()));
  }
}

std::map<std::string, std::string> properties_of(const json_value& event, const recommend::avro_schema& schema,
                                                 const std::string& place) {
  const auto given = text_of(event, "properties");
  return given ? schema.read_properties(*given, place + ".properties") : std::map<std::string, std::string>();
}

recommend::event event_of(const json_value& given, const std::string& user, const recommend::avro_schema& schema,
                          std::size_t index) {
  const std::string place = fmt::format("eventList[{}]", index);
  recommend::event one;
  one.user_id = user;
  const auto item = text_of(given, "itemId");
  if (!item) {
    throw core::error(errc::invalid_argument,
                      fmt::format("{}.itemId: is missing, and an event is with an item here", place));
  }
  one.item_id = *item;
  one.event_type = required_text(given, "eventType");
  one.event_value = number_of(given, "eventValue");
  one.timestamp = moment_of(*member_of(given, "sentAt"), place + ".sentAt");
  one.event_id = text_of(given, "eventId").value_or("");
  if (const json_value* const impression = member_of(given, "impression")) {
    for (const json_value& each : impression->elements()) {
      one.impression.push_back(each.text());
    }
  }
  one.properties = properties_of(given, schema, place);
  return one;
}

std::string source_of(const json_value& given, event_sources& all) {
  const json_value* const attribution = member_of(given, "metricAttribution");
  return all.source_of(attribution == nullptr ? std::nullopt : text_of(*attribution, "eventAttributionSource"),
                       text_of(given, "recommendationId"));
}

// Stores interactions of a group, and counts them for its metric attribution. sources: what led to each.
void record(const house& in, const resource& group, std::span<const recommend::event> batch,
            std::span<const std::string> sources) {
  const std::string dataset = table_of(group, schema_subject::interactions).dataset;
  const auto attribution = in.metrics.of_group(group);
  if (attribution == nullptr) {
    in.answering.record(dataset, batch);
    return;
  }
  const auto shares = in.metrics.shares_of(*attribution, batch, sources);
  in.answering.record(dataset, batch, [&](store::sql::transaction& change, std::span<const std::size_t> stored) {
    metric_counts::add(change, *attribution, shares, stored);
  });
  in.metrics.added(*attribution, shares);
}

// What nobody can use any more, because the dataset has other columns now or is gone, is let go.
void record_what_waited(const house& in, const resource& group, const anonymous_sessions::kept& what) {
  try {
    record(in, group, what.events, what.sources);
  } catch (const core::error& problem) {
    if (problem.code() != errc::not_found && problem.code() != errc::invalid_argument) {
      throw;
    }
    core::log::warning("events of an anonymous session were let go", {{"why", problem.kept_message()}});
  }
}

// What was done in a session before anybody signed in was theirs.
void join_session(const house& in, const resource& group, const std::string& session, const std::string& user) {
  auto before = in.sessions.of(group.arn, session);
  if (before.ids.empty()) {
    return;
  }
  for (recommend::event& one : before.events) {
    one.user_id = user;
  }
  record_what_waited(in, group, before);
  in.sessions.forget(before.ids);
}

json_value put_events(const house& in, const json_value& input) {
  const resource group = group_of_tracker(in, required_text(input, "trackingId"));
  const auto dataset = dataset_of_type(in, group, schema_subject::interactions);
  if (!dataset) {
    throw core::error(errc::invalid_argument,
                      fmt::format("dataset group {} has no Interactions dataset; create it first", group.arn));
  }
  const auto schema = schema_of(in, *dataset);
  const auto user = text_of(input, "userId");
  const std::string session = required_text(input, "sessionId");
  std::vector<recommend::event> batch;
  std::vector<std::string> sources;
  event_sources all_sources(in.made);
  const bool counted = in.metrics.of_group(group) != nullptr;
  const auto& events = member_of(input, "eventList")->elements();
  batch.reserve(events.size());
  sources.reserve(events.size());
  for (std::size_t i = 0; i < events.size(); ++i) {
    batch.push_back(event_of(events[i], user.value_or(session), *schema, i));
    sources.push_back(counted ? source_of(events[i], all_sources) : std::string());
  }
  const std::string into = table_of(group, schema_subject::interactions).dataset;
  if (!user) {
    // What waits is as good as what is recorded: later nobody is there who could put it right.
    recommend::check_events(batch, in.datasets.open(into).description(), core::now_ms());
    in.sessions.keep(group.arn, session, batch, sources);
    return nothing_to_say();
  }
  join_session(in, group, session, *user);
  record(in, group, batch, sources);
  return nothing_to_say();
}

json_value put_action_interactions(const house& in, const json_value& input) {
  const resource group = group_of_tracker(in, required_text(input, "trackingId"));
  const auto dataset = dataset_of_type(in, group, schema_subject::action_interactions);
  if (!dataset) {
    throw core::error(errc::invalid_argument,
                      fmt::format("dataset group {} has no Action_Interactions dataset; create it first", group.arn));
  }
  const auto schema = schema_of(in, *dataset);
  std::vector<recommend::event> batch;
  const auto& given = member_of(input, "actionInteractions")->elements();
  for (std::size_t i = 0; i < given.size(); ++i) {
    const std::string place = fmt::format("actionInteractions[{}]", i);
    const auto user = text_of(given[i], "userId");
    if (!user) {
      throw core::error(errc::invalid_argument, fmt::format("{}.userId: is missing", place));
    }
    recommend::event one;
    one.user_id = *user;
    one.item_id = required_text(given[i], "actionId");
    one.event_type = required_text(given[i], "eventType");
    one.timestamp = moment_of(*member_of(given[i], "timestamp"), place + ".timestamp");
    one.event_id = text_of(given[i], "eventId").value_or("");
    one.properties = properties_of(given[i], *schema, place);
    batch.push_back(std::move(one));
  }
  in.answering.record(table_of(group, schema_subject::action_interactions).dataset, batch);
  return nothing_to_say();
}

}  // namespace

void record_sessions_that_are_over(const house& in, std::int64_t now) {
  // A minute has more of them than one question asks for; the rest has its turn at the next look.
  for (std::size_t done = 0; done < most_sessions_a_look;) {
    const auto over = in.sessions.idle_since(now - anonymous_sessions::joined_within_ms);
    if (over.empty()) {
      return;
    }
    for (const auto& one : over) {
      try {
        const auto group = in.known.find(resource_kind::dataset_group, one.group);
        record_what_waited(in, *group, one.what);
      } catch (const core::error& problem) {
        if (problem.code() != errc::not_found) {
          throw;
        }
        core::log::warning("events of an anonymous session were let go", {{"why", problem.kept_message()}});
      }
      in.sessions.forget(one.what.ids);
    }
    done += over.size();
  }
}

void add_events(aws::json_service& to, const house& in) {
  to.add<json_value, json_value>("PutEvents", callers(),
                                 [in](const json_value& input, const http::request&) { return put_events(in, input); });
  to.add<json_value, json_value>(
      "PutActionInteractions", callers(),
      [in](const json_value& input, const http::request&) { return put_action_interactions(in, input); });
}

}  // namespace eunomia::wire::personalize
