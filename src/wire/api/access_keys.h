#pragma once

#include <boost/describe.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/json_schema.h"
#include "wire/access/access_keys.h"

// Access keys as the API and the command line show them.
namespace eunomia::wire::api {

struct access_key_view {
  std::string id;
  std::string role;
  std::string label;
  std::string created_at;
  std::optional<std::string> expires_at;
  std::optional<std::string> revoked_at;
};
BOOST_DESCRIBE_STRUCT(access_key_view, (), (id, role, label, created_at, expires_at, revoked_at))

struct new_access_key {
  std::string role;
  std::string label;
  std::uint32_t lifetime_days = 0;
};
BOOST_DESCRIBE_STRUCT(new_access_key, (), (role, label, lifetime_days))
core::json_notes notes_of(const new_access_key*);

struct created_access_key {
  access_key_view record;
  std::string secret;  // shown once
};
BOOST_DESCRIBE_STRUCT(created_access_key, (), (record, secret))

struct access_key_list {
  std::vector<access_key_view> access_keys;
};
BOOST_DESCRIBE_STRUCT(access_key_list, (), (access_keys))

access_key_view view_of(const access::access_key_record& record);

}  // namespace eunomia::wire::api
