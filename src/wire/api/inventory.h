#pragma once

#include <boost/describe.hpp>
#include <string>
#include <vector>

#include "core/json.h"
#include "subject/custody/custodian.h"

// What is held, as the API and the command line show it.
namespace eunomia::wire::api {

struct holding_view {
  std::string custodian;
  std::string store;  // "sql table", …
  std::string place;
  std::string about;  // "data subjects", "operators", "nobody"
  std::string what;
  std::vector<std::string> categories;
  std::vector<std::string> purposes;
  std::string retention;
  std::string erasure;
};
BOOST_DESCRIBE_STRUCT(holding_view, (),
                      (custodian, store, place, about, what, categories, purposes, retention, erasure))

struct inventory_view {
  std::vector<holding_view> holdings;
};
BOOST_DESCRIBE_STRUCT(inventory_view, (), (holdings))

inventory_view view_of(const std::vector<subject::held>& inventory);

}  // namespace eunomia::wire::api
