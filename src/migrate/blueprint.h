#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "migrate/inventory.h"

namespace eunomia::migrate {

// What of a thing is to be equal on both sides, in one form: members in the order of their names, those without a value
// or at their default left out, numbers as the shortest digits, and in the place of ARNs of other things their
// identities.
core::json_value comparable(const thing& one, const inventory& of);

// The names of what differs, for people: "solutionConfig", "tags". Empty: they are equal.
std::vector<std::string> differences(const thing& source, const inventory& of_source, const thing& here,
                                     const inventory& of_here);

// The input of Create… that makes a thing of the source here. arn_here: the ARN here of a thing of the source, by its
// ARN there; throws where there is none. A campaign's solution version is its caller's to add.
using arn_lookup = std::function<std::string(const std::string& arn_there)>;
core::json_value creation_of(const thing& source, const arn_lookup& arn_here);

}  // namespace eunomia::migrate
