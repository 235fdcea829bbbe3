#pragma once

// What custodians tell, kept for tests to look at, and one that leaves something for later. Only *_test.cpp includes
// it.

#include <fmt/format.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/error.h"
#include "subject/custody/collector.h"
#include "subject/custody/custodian.h"

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

// What became of things that only updated themselves when people were erased, by name; none: nothing yet.
using fates = std::map<std::string, std::optional<erasure_level>>;

// Holds one person in each thing; an erasure leaves all of them to be done by `until`.
class updating_custodian final : public custodian {
 public:
  updating_custodian(const fates& of, std::string until) : of_(of), until_(std::move(until)) {}

  std::string_view name() const override { return "models"; }
  std::vector<holding> describe() const override { return {}; }
  void collect(core::subject_handle, const custody_context&, collector&) const override {}
  std::unique_ptr<erasure_guard> hold_back(std::span<const core::subject_handle>) override { return nullptr; }
  std::vector<certificate_step> leave_memory(std::span<const core::subject_handle>, const custody_context&) override {
    return {};
  }
  std::vector<amount_held> find(std::span<const core::subject_handle>, const custody_context&) const override {
    return {};
  }
  void erase(std::span<const core::subject_handle>, const custody_context&,
             std::vector<certificate_step>& done) override {
    for (const auto& [what, fate] : of_) {
      done.push_back({"", what, "models", erasure_level::model_updated, 1, "", {}, until_, 0});
    }
  }
  std::optional<certificate_step> settled(const certificate_step& pending, const custody_context&) const override {
    certificate_step now = pending;
    now.level = of_.at(pending.what);
    now.until.reset();
    return now.level ? std::optional(now) : std::nullopt;
  }
  void erased(std::span<const core::subject_handle>) noexcept override {}
  void expire(const retention_rules&, const custody_context&, std::vector<certificate_step>&) override {}
  void leave_out_held(std::vector<core::subject_handle>&, const custody_context&) const override {}

 private:
  const fates& of_;
  const std::string until_;
};

}  // namespace eunomia::subject::testing
