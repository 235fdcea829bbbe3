#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "wire/aws/client/json_client.h"
#include "wire/aws/client/s3_client.h"

namespace eunomia::migrate {

// The server that things and rows go to: asked as a client of AWS asks it, and for what AWS's operations lack in its
// own way. The clients must outlive it.
struct destination {
  wire::aws::json_client& personalize;
  wire::aws::s3_client& files;
  std::string bucket;  // for files on their way and for what is remembered; made where there is none
  // How many rows the dataset of a group has, of a type such as "INTERACTIONS".
  std::function<std::uint64_t(const std::string& group, const std::string& type)> rows_of;
  // People are known by a raw identifier of the space too, at most max_links of them; first: as the rows name them,
  // second: raw. How many of them are somebody.
  static constexpr std::size_t max_links = 1000;
  using links = std::vector<std::pair<std::string, std::string>>;
  std::function<std::uint64_t(const std::string& space, const links& people)> link;
};

}  // namespace eunomia::migrate
