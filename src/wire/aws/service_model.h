#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/json_value.h"

// What AWS's own service models say of a service's operations (models/*.inc, made by scripts/aws-models from
// botocore's), and whether a request is as they say: so that bad input is told from good in one place for every
// operation, in the words that AWS uses; and what an answer shows of a thing.
namespace eunomia::wire::aws {

struct member {
  std::string_view name;
  std::uint16_t of;  // index of its shape
  bool required;
};

struct shape {
  enum class kind : std::uint8_t {
    structure,
    list,
    map,
    string,
    integer,
    long_,    // NOLINT(readability-identifier-naming): a keyword
    float_,   // NOLINT(readability-identifier-naming)
    double_,  // NOLINT(readability-identifier-naming)
    boolean,
    timestamp  // seconds since 1970, or ISO 8601
  };
  std::string_view name;
  kind is;
  std::optional<std::int64_t> min;  // of a number its value, of a text its characters, of a list or map its size
  std::optional<std::int64_t> max;
  std::string_view pattern;                  // of the whole text; empty: any
  std::span<const std::string_view> values;  // of an enumeration
  std::span<const member> members;           // of a structure
  std::uint16_t key;                         // of a map
  std::uint16_t element;                     // of a list or a map
  bool sensitive;                            // its value is in no message
};

struct operation {
  std::string_view name;  // "CreateSolution"
  std::string_view verb;  // "POST"
  std::string_view path;  // "/recommendations"
  std::uint16_t input;
  std::uint16_t output;                      // no_shape: it answers nothing
  std::span<const std::string_view> errors;  // the exceptions of its own: "ResourceInUseException"

  bool may_answer(std::string_view error) const;
};
inline constexpr std::uint16_t no_shape = 0xffff;

struct service_model {
  std::string_view name;           // "personalize-runtime"
  std::string_view target_prefix;  // of X-Amz-Target; empty for a REST service
  std::span<const shape> shapes;
  std::span<const operation> operations;

  // Null when there is none of that name.
  const operation* find(std::string_view wanted) const;
};

const service_model& personalize();
const service_model& personalize_runtime();
const service_model& personalize_events();

// Why an input is refused: the name of AWS's exception and its message.
struct input_fault {
  std::string type;
  std::string message;
};

// Nothing when the input is as the model says; members that it does not know are passed over, as AWS does. A value of
// another type is a SerializationException; else every fault is told in one ValidationException ("2 validation errors
// detected: Value null at 'name' failed to satisfy constraint: Member must not be null; ..."), up to
// max_faults_told.
inline constexpr std::size_t max_faults_told = 20;
std::optional<input_fault> check_input(const service_model& of, const operation& asked, const core::json_value& input);

// What a shape shows of a value: of a structure the members that it has, those without a value left out, and so of what
// is inside; anything else as it is.
core::json_value shown_as(const service_model& of, std::uint16_t index, const core::json_value& value);

}  // namespace eunomia::wire::aws
