#pragma once

#include <span>
#include <unordered_map>

#include "core/seal.h"
#include "core/subject_handle.h"

// The keys that what is free-form and personal is sealed with, one for each person: what the room that keeps rows
// (store/) and the room that keeps keys (subject/) agree on. It lies below both, so that neither needs the other.
namespace eunomia::core {

// The data keys of some people.
using data_keys = std::unordered_map<subject_handle, secret_key>;

class data_key_source {
 public:
  virtual ~data_key_source() = default;

  // The keys of those who have one: nobody has who was erased. Any thread. Throws errc::unavailable when they cannot be
  // known.
  virtual data_keys keys_of(std::span<const subject_handle> people) const = 0;
};

}  // namespace eunomia::core
