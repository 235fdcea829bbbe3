#pragma once

#include <boost/describe.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/json_schema.h"
#include "wire/access/tokens.h"

// Tokens as the API and the command line show them.
namespace eunomia::wire::api {

struct token_view {
  std::string id;
  std::string role;
  std::string label;
  std::string created_at;
  std::optional<std::string> expires_at;
  std::optional<std::string> revoked_at;
  std::optional<std::string> last_used_day;
};
BOOST_DESCRIBE_STRUCT(token_view, (), (id, role, label, created_at, expires_at, revoked_at, last_used_day))

struct new_token {
  std::string role;
  std::string label;
  std::uint32_t lifetime_days = 0;
};
BOOST_DESCRIBE_STRUCT(new_token, (), (role, label, lifetime_days))
core::json_notes notes_of(const new_token*);

struct created_token {
  token_view record;
  std::string token;  // shown once
};
BOOST_DESCRIBE_STRUCT(created_token, (), (record, token))

struct token_list {
  std::vector<token_view> tokens;
};
BOOST_DESCRIBE_STRUCT(token_list, (), (tokens))

token_view view_of(const access::token_record& record);

}  // namespace eunomia::wire::api
