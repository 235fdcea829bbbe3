#pragma once

#include <boost/describe.hpp>
#include <string>
#include <vector>

#include "object/object_store.h"

// Buckets of objects, and which access keys may use each, as the API and the command line show them.
namespace eunomia::wire::api {

struct allowed_access_key {
  std::string access_key;
  bool write = false;  // and not only read
  std::string allowed_at;
};
BOOST_DESCRIBE_STRUCT(allowed_access_key, (), (access_key, write, allowed_at))

struct bucket_view {
  std::string name;
  std::string created_at;
  std::vector<allowed_access_key> access_keys;
};
BOOST_DESCRIBE_STRUCT(bucket_view, (), (name, created_at, access_keys))

struct bucket_list {
  std::vector<bucket_view> buckets;
};
BOOST_DESCRIBE_STRUCT(bucket_list, (), (buckets))

struct bucket_permission {
  bool write = false;
};
BOOST_DESCRIBE_STRUCT(bucket_permission, (), (write))

bucket_list list_buckets(const object::object_store& objects);

}  // namespace eunomia::wire::api
