#include "wire/http/message.h"

#include <array>

#include "core/error.h"
#include "wire/http/text.h"

namespace eunomia::wire::http {

namespace {

constexpr std::array<std::string_view, 7> method_names = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
constexpr std::array<std::string_view, 5> role_names = {"administrator", "privacy-officer", "engineer", "annotator",
                                                        "service"};

}  // namespace

std::string_view name_of(method verb) noexcept {
  return method_names[static_cast<std::size_t>(verb)];
}

std::optional<method> method_named(std::string_view name) noexcept {
  for (std::size_t i = 0; i < method_names.size(); ++i) {
    if (method_names[i] == name) {
      return static_cast<method>(i);
    }
  }
  return std::nullopt;
}

std::string_view name_of(role r) noexcept {
  return role_names[static_cast<std::size_t>(r)];
}

role role_named(std::string_view name) {
  std::string known;
  for (std::size_t i = 0; i < role_names.size(); ++i) {
    if (role_names[i] == name) {
      return static_cast<role>(i);
    }
    known.append(known.empty() ? "" : ", ").append(role_names[i]);
  }
  throw core::error(core::errc::invalid_argument,
                    "there is no role \"" + std::string(name.substr(0, 40)) + "\"; the roles are " + known);
}

std::optional<std::string_view> request::header_named(std::string_view name) const {
  for (const header& each : headers) {
    if (equal_ignoring_case(each.name, name)) {
      return each.value;
    }
  }
  return std::nullopt;
}

const std::string& request::path_parameter(std::string_view name) const {
  for (const parameter& each : path_parameters) {
    if (each.name == name) {
      return each.value;
    }
  }
  throw core::error(core::errc::internal, "the route has no path parameter {" + std::string(name) + "}");
}

std::optional<std::string_view> request::query_parameter(std::string_view name) const {
  for (const parameter& each : query) {
    if (each.name == name) {
      return each.value;
    }
  }
  return std::nullopt;
}

}  // namespace eunomia::wire::http
