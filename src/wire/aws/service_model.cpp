#include "wire/aws/service_model.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <re2/re2.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "core/error.h"

namespace eunomia::wire::aws {

namespace {

using kind = shape::kind;
using core::json_value;

namespace personalize_model {
#include "wire/aws/models/personalize.inc"
}  // namespace personalize_model
namespace runtime_model {
#include "wire/aws/models/personalize-runtime.inc"
}  // namespace runtime_model
namespace events_model {
#include "wire/aws/models/personalize-events.inc"
}  // namespace events_model

constexpr std::size_t longest_told = 256;  // of a value, in bytes

// Patterns are Java's. RE2 has the classes of Unicode but for \p{ASCII}, and counts no further than 1000: how long a
// text may be the model says besides.
std::string as_re2(std::string_view pattern) {
  std::string text(pattern);
  const auto replace_all = [&](std::string_view from, std::string_view to) {
    for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
      text.replace(at, from.size(), to);
    }
  };
  replace_all("\\p{ASCII}", "[[:ascii:]]");
  replace_all("{0,1500}", "*");
  return text;
}

// The few patterns of the models, each compiled when it is first needed. Any thread.
const RE2& compiled(std::string_view pattern) {
  static std::mutex mutex;
  static std::map<std::string_view, std::unique_ptr<const RE2>> all;  // the models outlive it
  const std::lock_guard lock(mutex);
  std::unique_ptr<const RE2>& one = all[pattern];
  if (!one) {
    one = std::make_unique<const RE2>(as_re2(pattern), RE2::Quiet);
    if (!one->ok()) {
      throw core::error(core::errc::internal,
                        fmt::format("the pattern {} of a service model: {}", pattern, one->error()));
    }
  }
  return *one;
}

// Unicode's characters, as AWS counts them.
std::int64_t characters_of(std::string_view utf8) {
  return std::ranges::count_if(utf8, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; });
}

std::string_view token_of(json_value::kind found) {
  switch (found) {
    case json_value::kind::null: return "NULL_VALUE";
    case json_value::kind::boolean: return "BOOLEAN_VALUE";
    case json_value::kind::number: return "NUMBER_VALUE";
    case json_value::kind::string: return "STRING_VALUE";
    case json_value::kind::array: return "START_ARRAY";
    case json_value::kind::object: return "START_OBJECT";
  }
  return "";
}

std::string_view called(kind of) {
  switch (of) {
    case kind::structure: return "a Structure";
    case kind::list: return "a List";
    case kind::map: return "a Map";
    case kind::string: return "a String";
    case kind::integer: return "an Integer";
    case kind::long_: return "a Long";
    case kind::float_: return "a Float";
    case kind::double_: return "a Double";
    case kind::boolean: return "a Boolean";
    case kind::timestamp: return "a Timestamp";
  }
  return "";
}

bool has_type(kind of, json_value::kind found) {
  switch (of) {
    case kind::structure:
    case kind::map: return found == json_value::kind::object;
    case kind::list: return found == json_value::kind::array;
    case kind::string: return found == json_value::kind::string;
    case kind::boolean: return found == json_value::kind::boolean;
    case kind::timestamp: return found == json_value::kind::number || found == json_value::kind::string;
    case kind::integer:
    case kind::long_:
    case kind::float_:
    case kind::double_: return found == json_value::kind::number;
  }
  return false;
}

struct wrong_type {
  std::string message;
};

class checker {
 public:
  explicit checker(const service_model& of) : model_(of) {}

  // path: "solutionConfig.eventsConfig", as AWS writes it; empty at the top.
  void check(const std::string& path, const shape& as, const json_value& value) {
    require_type(path, as, value);
    switch (as.is) {
      case kind::structure: check_structure(path, as, value); break;
      case kind::list: check_list(path, as, value); break;
      case kind::map: check_map(path, as, value); break;
      case kind::string: tell(path, as, value, faults_of_text(as, value.text())); break;
      case kind::integer:
      case kind::long_:
      case kind::float_:
      case kind::double_: check_number(path, as, value); break;
      case kind::boolean:
      case kind::timestamp: break;
    }
  }

  std::size_t count() const { return count_; }
  const std::vector<std::string>& told() const { return told_; }

 private:
  const shape& at(std::uint16_t index) const { return model_.shapes[index]; }

  static std::string below(const std::string& path, std::string_view name) {
    return path.empty() ? std::string(name) : fmt::format("{}.{}", path, name);
  }

  static void require_type(const std::string& path, const shape& as, const json_value& value) {
    if (!has_type(as.is, value.type())) {
      throw wrong_type{fmt::format("{} can not be converted to {}{}", token_of(value.type()), called(as.is),
                                   path.empty() ? "" : fmt::format(" at '{}'", path))};
    }
  }

  void check_structure(const std::string& path, const shape& as, const json_value& value) {
    for (const member& one : as.members) {
      const json_value* const given = value.find(one.name);
      const bool absent = given == nullptr || given->type() == json_value::kind::null;
      if (!absent) {
        check(below(path, one.name), at(one.of), *given);
      } else if (one.required) {
        tell(fmt::format("Value null at '{}' failed to satisfy constraint: Member must not be null",
                         below(path, one.name)));
      }
    }
  }

  void check_list(const std::string& path, const shape& as, const json_value& value) {
    tell(path, as, value, faults_of_size(as, static_cast<std::int64_t>(value.elements().size())));
    for (std::size_t i = 0; i < value.elements().size(); ++i) {
      check(fmt::format("{}.{}.member", path, i + 1), at(as.element), value.elements()[i]);
    }
  }

  void check_map(const std::string& path, const shape& as, const json_value& value) {
    tell(path, as, value, faults_of_size(as, static_cast<std::int64_t>(value.elements().size())));
    const shape& key = at(as.key);
    for (std::size_t i = 0; i < value.elements().size(); ++i) {
      if (const auto faults = faults_of_text(key, value.names()[i]); !faults.empty()) {
        tell(fmt::format("Value at '{}' failed to satisfy constraint: Map keys must satisfy constraint: [{}]", path,
                         fmt::join(faults, ", ")));
      }
      check(below(path, value.names()[i]), at(as.element), value.elements()[i]);
    }
  }

  void check_number(const std::string& path, const shape& as, const json_value& value) {
    const std::string& digits = value.text();
    double number = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    const bool whole = as.is == kind::integer || as.is == kind::long_;
    const double most = as.is == kind::integer ? 2147483647.0 : 9.2e18;
    if (whole && (number != std::floor(number) || std::abs(number) > most)) {
      throw wrong_type{fmt::format("{} can not be converted to {} at '{}'", digits, called(as.is), path)};
    }
    std::vector<std::string> faults;
    if (as.max && number > static_cast<double>(*as.max)) {
      faults.push_back(fmt::format("Member must have value less than or equal to {}", *as.max));
    }
    if (as.min && number < static_cast<double>(*as.min)) {
      faults.push_back(fmt::format("Member must have value greater than or equal to {}", *as.min));
    }
    tell(path, as, value, faults);
  }

  static std::vector<std::string> faults_of_size(const shape& as, std::int64_t size) {
    std::vector<std::string> faults;
    if (as.max && size > *as.max) {
      faults.push_back(fmt::format("Member must have length less than or equal to {}", *as.max));
    }
    if (as.min && size < *as.min) {
      faults.push_back(fmt::format("Member must have length greater than or equal to {}", *as.min));
    }
    return faults;
  }

  static std::vector<std::string> faults_of_text(const shape& as, const std::string& text) {
    std::vector<std::string> faults = faults_of_size(as, characters_of(text));
    // One that is too long is not matched: it may be as long as a body.
    const bool too_long = as.max && characters_of(text) > *as.max;
    if (!too_long && !as.pattern.empty() && !RE2::FullMatch(text, compiled(as.pattern))) {
      faults.push_back(fmt::format("Member must satisfy regular expression pattern: {}", as.pattern));
    }
    if (!as.values.empty() && std::ranges::find(as.values, text) == as.values.end()) {
      faults.push_back(fmt::format("Member must satisfy enum value set: [{}]", fmt::join(as.values, ", ")));
    }
    return faults;
  }

  void tell(const std::string& path, const shape& as, const json_value& value, const std::vector<std::string>& faults) {
    for (const std::string& fault : faults) {
      const bool is_one = as.is != kind::list && as.is != kind::map;
      const bool shown = is_one && !as.sensitive && value.text().size() <= longest_told;
      tell(fmt::format("Value {}at '{}' failed to satisfy constraint: {}",
                       shown ? fmt::format("'{}' ", value.text()) : "", path, fault));
    }
  }

  void tell(std::string fault) {
    ++count_;
    if (told_.size() < max_faults_told) {
      told_.push_back(std::move(fault));
    }
  }

  const service_model& model_;
  std::size_t count_ = 0;
  std::vector<std::string> told_;
};

}  // namespace

const service_model& personalize() {
  return personalize_model::model;
}
const service_model& personalize_runtime() {
  return runtime_model::model;
}
const service_model& personalize_events() {
  return events_model::model;
}

bool operation::may_answer(std::string_view error) const {
  return std::ranges::find(errors, error) != errors.end();
}

const operation* service_model::find(std::string_view wanted) const {
  const auto found = std::ranges::find(operations, wanted, &operation::name);
  return found == operations.end() ? nullptr : &*found;
}

std::optional<input_fault> check_input(const service_model& of, const operation& asked, const json_value& input) {
  checker check(of);
  try {
    check.check("", of.shapes[asked.input], input);
  } catch (const wrong_type& problem) {
    return input_fault{"SerializationException", problem.message};
  }
  if (check.count() == 0) {
    return std::nullopt;
  }
  return input_fault{"ValidationException", fmt::format("{} validation error{} detected: {}", check.count(),
                                                        check.count() == 1 ? "" : "s", fmt::join(check.told(), "; "))};
}

core::json_value shown_as(const service_model& of, std::uint16_t index, const core::json_value& value) {
  const shape& as = of.shapes[index];
  if (as.is == kind::structure && value.type() == json_value::kind::object) {
    json_value shown = json_value::of_object();
    for (const member& one : as.members) {
      const json_value* const found = value.find(one.name);
      if (found != nullptr && found->type() != json_value::kind::null) {
        shown.append(std::string(one.name), shown_as(of, one.of, *found));
      }
    }
    return shown;
  }
  if (as.is == kind::list && value.type() == json_value::kind::array) {
    json_value shown = json_value::of_array();
    for (const json_value& one : value.elements()) {
      shown.append(shown_as(of, as.element, one));
    }
    return shown;
  }
  return value;
}

}  // namespace eunomia::wire::aws
