#pragma once

// What the tests of this room share: who may be read, and keys. Only *_test.cpp includes it.

#include <atomic>
#include <cstring>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "core/admission.h"
#include "core/data_keys.h"
#include "core/error.h"

namespace eunomia::store::table::testing_tables {

inline const core::purpose recommendation("recommendation");

// What a test says that people chose.
class chosen_access final : public core::access_policy {
 public:
  std::shared_ptr<const core::admission> admission_for(const core::purpose& why) const override {
    if (why == recommendation) {
      return now;
    }
    if (why == core::purpose::rights_of_the_data_subject()) {
      return core::admission::everybody();
    }
    throw core::error(core::errc::permission_denied, "purpose \"" + why.name() + "\" is not defined");
  }
  std::optional<core::refusal> refusal_of(core::subject_handle who, const core::purpose& why) const override {
    return admission_for(why)->admits(who) ? std::nullopt : std::optional(core::refusal::objection);
  }

  std::shared_ptr<const core::admission> now = core::admission::everybody();
};

// A key for everybody but the erased, the same in every box of a number.
class key_box final : public core::data_key_source {
 public:
  explicit key_box(std::byte number = std::byte{1}) : number_(number) {}

  core::data_keys keys_of(std::span<const core::subject_handle> people) const override {
    core::data_keys keys;
    for (const core::subject_handle who : people) {
      if (!erased.contains(who)) {
        ++given;
        std::vector<std::byte> bytes(core::secret_key::size, number_);
        const std::uint64_t handle = who.value();
        std::memcpy(bytes.data(), &handle, sizeof(handle));
        keys.emplace(who, core::secret_key::from_bytes(bytes));
      }
    }
    return keys;
  }

  std::set<core::subject_handle> erased;
  mutable std::atomic<int> given = 0;

 private:
  const std::byte number_;
};

}  // namespace eunomia::store::table::testing_tables
