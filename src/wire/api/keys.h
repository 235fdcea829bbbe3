#pragma once

#include <boost/describe.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/json_schema.h"
#include "subject/vault/keyring.h"

// Key epochs as the API and the command line show them.
namespace eunomia::wire::api {

struct key_epoch_view {
  std::int64_t epoch = 0;
  std::string state;  // "current", "retired", "destroyed"
  std::string began_at;
  std::optional<std::string> retired_at;
  std::optional<std::string> destroyed_at;
};
BOOST_DESCRIBE_STRUCT(key_epoch_view, (), (epoch, state, began_at, retired_at, destroyed_at))

struct key_epoch_list {
  std::string keyring;
  std::vector<key_epoch_view> epochs;
};
BOOST_DESCRIBE_STRUCT(key_epoch_list, (), (keyring, epochs))

struct key_roll {
  bool begin_epoch = true;   // false: end what was interrupted, and destroy what is due
  bool destroy_now = false;  // retired epochs, without waiting until backups have expired
};
BOOST_DESCRIBE_STRUCT(key_roll, (), (begin_epoch, destroy_now))
core::json_notes notes_of(const key_roll*);

// The arguments of a job that rolls.
struct key_roll_order : key_roll {
  std::optional<std::string> token;  // the label of who asked for it; none: the schedule
};
BOOST_DESCRIBE_STRUCT(key_roll_order, (key_roll), (token))

key_epoch_list view_of(const subject::keyring& keys);

}  // namespace eunomia::wire::api
