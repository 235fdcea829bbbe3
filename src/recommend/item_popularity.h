#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "core/published.h"
#include "recommend/preferences.h"

namespace eunomia::recommend {

// How many people have each item of some preferences, [catalogue]. Replaced as a whole when people are forgotten, so
// that any thread may ask meanwhile.
class item_popularity {
 public:
  using counts = std::vector<std::uint32_t>;

  explicit item_popularity(const preferences& rows);

  std::shared_ptr<const counts> now() const { return published_.current(); }
  // What is to be published when these rows of the preferences have left them.
  std::shared_ptr<const counts> without(const preferences& rows, std::span<const std::uint32_t> gone) const;
  void publish(std::shared_ptr<const counts> next) { published_.publish(std::move(next)); }

 private:
  core::published<counts> published_;
};

}  // namespace eunomia::recommend
