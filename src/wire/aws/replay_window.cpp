#include "wire/aws/replay_window.h"

#include <charconv>
#include <utility>

namespace eunomia::wire::aws {

namespace {

constexpr std::size_t digits_of_64_bits = 16;

std::uint64_t first_bits(std::string_view signature) {
  std::uint64_t bits = 0;
  const std::string_view digits = signature.substr(0, digits_of_64_bits);
  std::from_chars(digits.data(), digits.data() + digits.size(), bits, 16);
  return bits;
}

}  // namespace

replay_window::use::~use() {
  if (of_ != nullptr) {
    of_->release(signature_, number_);
  }
}

replay_window::use::use(use&& other) noexcept
    : of_(std::exchange(other.of_, nullptr)), signature_(other.signature_), number_(other.number_) {}

std::optional<replay_window::use> replay_window::begin(std::string_view signature, std::int64_t now) {
  const std::uint64_t bits = first_bits(signature);
  const std::lock_guard lock(mutex_);
  while (!order_.empty() && order_.front().until <= now) {
    forget_oldest();
  }
  if (!known_.emplace(bits, uses_).second) {
    return std::nullopt;
  }
  if (order_.size() >= limit_) {
    forget_oldest();
  }
  order_.push_back({bits, uses_, now + remembered_ms});
  return use(*this, bits, uses_++);
}

std::size_t replay_window::size() const {
  const std::lock_guard lock(mutex_);
  return known_.size();
}

void replay_window::release(std::uint64_t signature, std::uint64_t number) noexcept {
  const std::lock_guard lock(mutex_);
  const auto found = known_.find(signature);
  if (found != known_.end() && found->second == number) {
    known_.erase(found);
  }
}

void replay_window::forget_oldest() {
  const remembered oldest = order_.front();
  order_.pop_front();
  const auto found = known_.find(oldest.signature);
  if (found != known_.end() && found->second == oldest.number) {
    known_.erase(found);
  }
}

}  // namespace eunomia::wire::aws
