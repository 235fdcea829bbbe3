#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "core/error.h"
#include "core/json.h"
#include "recommend/model_file.h"
#include "recommend/preferences.h"

namespace eunomia::recommend {

// Parameters of a family: a struct with every default in its initializers, described to Boost.Describe, with a member
// weighting, that has check(parameters) beside it:
//
//   struct popularity_parameters { recommend::weighting weighting; };
//   BOOST_DESCRIBE_STRUCT(popularity_parameters, (), (weighting))
//   void check(const popularity_parameters& parameters);
//
// Reads a JSON object of them. Throws errc::invalid_argument, "item-knn: ...", for what is not JSON, a member that the
// struct does not have, or a value out of range.
template <class Parameters>
Parameters read_parameters(std::string_view family, std::string_view json) {
  Parameters parameters;
  try {
    parameters = core::read_json<Parameters>(
        json, {.unknown = core::json_unknown::refuse, .missing = core::json_missing::keep_default});
  } catch (const core::error& e) {
    throw core::error(e.code(), fmt::format("{}: parameters {}", family, e.what()));
  }
  check(parameters);
  return parameters;
}

// The parameters that a model file names. Throws errc::corrupt where read_parameters() refuses them: nobody asked for
// them, the file is at fault.
template <class Parameters>
Parameters stored_parameters(std::string_view family, const model_file& file) {
  try {
    return read_parameters<Parameters>(family, file.parameters());
  } catch (const core::error& e) {
    file.refuse(e.what());
  }
}

// Throws errc::invalid_argument, "item-knn: neighbours must be 1 to 10000, got 0", unless least <= value <= most (a NaN
// never is).
template <class Value>
void require_range(std::string_view family, std::string_view name, Value value, Value least, Value most) {
  if (!(value >= least && value <= most)) {
    throw core::error(core::errc::invalid_argument,
                      fmt::format("{}: {} must be {} to {}, got {}", family, name, least, most, value));
  }
}

}  // namespace eunomia::recommend
