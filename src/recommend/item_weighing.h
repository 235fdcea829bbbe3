#pragma once

#include <span>

#include "recommend/asked_facts.h"

namespace eunomia::recommend {

// What multiplies the relevance of items by what is known of them and of whom a question is about, in the words of a
// protocol. For one question, and its thread.
class item_weighing {
 public:
  virtual ~item_weighing() = default;

  // Writes the factor of each item of the catalogue, [catalogue], as recommendation_request::factors has it. Throws
  // errc::invalid_argument for what cannot be worked out.
  virtual void weigh(const asked_facts& facts, std::span<float> factors) const = 0;
};

}  // namespace eunomia::recommend
