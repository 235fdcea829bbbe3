#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "wire/recombee/call.h"

namespace eunomia::wire::recombee {

// The segments of a segmentation of items: by the values of a property, by a filter each, or by what an expression
// makes of an item. For one request: worked out over the whole catalogue.
class segments_of_items {
 public:
  // The segmentation that is named as the scenario, or else the only one there is. Throws errc::invalid_argument where
  // there is none or nobody can say which.
  segments_of_items(const call& of, const std::string& scenario);

  const std::string& segmentation() const { return name_; }
  // By segment.
  const std::map<std::string, std::set<std::string>>& all() const { return items_; }
  std::set<std::string> items_in(const std::string& segment) const;
  const std::vector<std::string>* segments_of(std::string_view item) const;

 private:
  void by_property(const call& of, const std::string& property);
  void by_filters(const call& of);
  void by_expression(const call& of, const std::string& expression);
  void add(const std::string& segment, const std::string& item);

  std::string name_;
  std::map<std::string, std::set<std::string>> items_;
  std::map<std::string, std::vector<std::string>, std::less<>> segments_;
};

}  // namespace eunomia::wire::recombee
