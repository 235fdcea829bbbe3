#pragma once

// What custodians tell, kept for tests to look at. Only *_test.cpp includes it.

#include <fmt/format.h>

#include <set>
#include <string>
#include <vector>

#include "core/error.h"
#include "subject/custody/collector.h"

namespace eunomia::subject::testing {

struct told_part {
  collected_part about;
  std::vector<std::vector<std::string>> rows;  // values as text; "-" where there is none
};

class recording_collector final : public collector {
 public:
  using collector::add;

  bool begin(const collected_part& part) override {
    parts.push_back({part, {}});
    for (const place_held& place : part.places) {
      looked_into(place);
    }
    return true;
  }
  void add(std::span<const collected_value> row) override {
    std::vector<std::string>& texts = parts.back().rows.emplace_back();
    for (const collected_value& value : row) {
      texts.push_back(std::visit([](const auto& v) { return text_of(v); }, value));
    }
  }
  void looked_into(const place_held& place) override { seen.insert(place); }

  const told_part& part(std::string_view name) const {
    for (const told_part& one : parts) {
      if (one.about.name == name) {
        return one;
      }
    }
    throw core::error(core::errc::not_found, fmt::format("no part \"{}\" was told", name));
  }

  std::vector<told_part> parts;
  std::set<place_held> seen;

 private:
  static std::string text_of(std::monostate) { return "-"; }
  static std::string text_of(std::string_view text) { return std::string(text); }
  template <class Number>
  static std::string text_of(Number number) {
    return fmt::format("{}", number);
  }
};

}  // namespace eunomia::subject::testing
