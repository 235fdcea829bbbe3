#pragma once

#include <string>
#include <string_view>

#include "wire/personalize/arn.h"

namespace eunomia::wire::personalize {

// The ARN of the tracker that has a tracking id; of one that there is not it names nothing.
std::string tracker_arn(const arn_maker& arns, std::string_view tracking_id);

}  // namespace eunomia::wire::personalize
