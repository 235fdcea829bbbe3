#include "recommend/item_popularity.h"

namespace eunomia::recommend {

item_popularity::item_popularity(const preferences& rows) {
  auto all = std::make_shared<counts>(rows.items->size());
  for (const item_position item : rows.item) {
    ++(*all)[item];
  }
  publish(std::move(all));
}

std::shared_ptr<const item_popularity::counts> item_popularity::without(const preferences& rows,
                                                                        std::span<const std::uint32_t> gone) const {
  auto rest = std::make_shared<counts>(*now());
  for (const std::uint32_t row : gone) {
    for (const item_position item : rows.items_of(row)) {
      --(*rest)[item];
    }
  }
  return rest;
}

}  // namespace eunomia::recommend
