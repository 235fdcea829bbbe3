// Event trackers: under which tracking id a client tells what people do.
#include "wire/personalize/event_trackers.h"

#include <fmt/format.h>

#include <array>

#include "core/error.h"
#include "core/hash.h"
#include "core/seal.h"
#include "wire/personalize/descriptions.h"
#include "wire/personalize/json_members.h"
#include "wire/personalize/operations.h"

namespace eunomia::wire::personalize {

namespace {

using core::json_value;
namespace sql = store::sql;

constexpr auto kind = resource_kind::event_tracker;

// "3f2e…-…": 122 random bits in the form of a UUID, version 4 (RFC 9562).
std::string random_uuid() {
  std::array<std::byte, 16> bytes{};
  core::random_bytes(bytes);
  bytes[6] = (bytes[6] & std::byte{0x0f}) | std::byte{0x40};
  bytes[8] = (bytes[8] & std::byte{0x3f}) | std::byte{0x80};
  const std::string hex = core::to_hex(bytes);
  return fmt::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4), hex.substr(16, 4),
                     hex.substr(20));
}

json_value create(const house& in, const json_value& input) {
  const resource group = in.made.find(resource_kind::dataset_group, required_text(input, "datasetGroupArn"));
  if (!in.made.list(kind, group.arn, 1, "").items.empty()) {
    throw core::error(core::errc::already_exists,
                      fmt::format("Dataset group {} has an event tracker already", group.arn));
  }
  resource made = resource_asked_for(in, kind, input, group.arn);
  // Who knows it may tell of people's doings, with a signature besides; as long as AWS's.
  const std::string tracking_id = random_uuid();
  made.arn = tracker_arn(in.arns, tracking_id);
  made.shown = with(made.shown, "trackingId", tracking_id);
  made.shown = with(made.shown, "accountId", in.arns.account);
  return with(make(in, made, input), "trackingId", tracking_id);
}

}  // namespace

std::string tracker_arn(const arn_maker& arns, std::string_view tracking_id) {
  return arns.arn_of(kind, tracking_id.substr(0, 8));
}

void add_event_trackers(aws::json_service& to, const house& in) {
  to.add<json_value, json_value>("CreateEventTracker", builders(),
                                 [in](const json_value& input, const http::request&) { return create(in, input); });
  to.add<json_value, json_value>("DeleteEventTracker", builders(), [in](const json_value& input, const http::request&) {
    const resource one = in.made.find(kind, required_text(input, "eventTrackerArn"));
    in.known.change([&](sql::transaction& change) { resources::remove(change, one.arn); });
    return nothing_to_say();
  });
  add_views(to, in, kind);
}

}  // namespace eunomia::wire::personalize
