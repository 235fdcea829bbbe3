#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string_view>
#include <unordered_map>

namespace eunomia::wire::aws {

// A signature of a request that changes something is used once: who listens on the way cannot send the same bytes
// again while their date is still good. One that changed nothing, because it was refused, failed or was cut off, may
// come again: clients try again with the signature that they have.
//
// Remembers so many signatures; when there are more, the oldest give way, and the window is shorter. Any thread.
class replay_window {
 public:
  // A signature is good for max_skew_s before and after its date.
  static constexpr std::int64_t remembered_ms = std::int64_t{30} * 60 * 1000;
  // 15 minutes of 1,000 changes a second, in some 64 MB when full.
  static constexpr std::size_t max_signatures = std::size_t{1} << 20U;

  explicit replay_window(std::size_t limit = max_signatures) : limit_(limit) {}

  // One use of a signature, while its request is under way. Unless it is kept, the signature may be used again.
  class use {
   public:
    ~use();
    use(use&& other) noexcept;
    use& operator=(use&&) = delete;
    use(const use&) = delete;
    use& operator=(const use&) = delete;
    // The request is answered, and changed something.
    void keep() noexcept { of_ = nullptr; }

   private:
    friend class replay_window;
    use(replay_window& of, std::uint64_t signature, std::uint64_t number)
        : of_(&of), signature_(signature), number_(number) {}
    replay_window* of_;
    std::uint64_t signature_;
    std::uint64_t number_;
  };

  // Nothing when the signature is being used, or was. signature: one that was verified; now: UTC ms. The window must
  // outlive the use.
  std::optional<use> begin(std::string_view signature, std::int64_t now);

  std::size_t size() const;

 private:
  struct remembered {
    std::uint64_t signature;
    std::uint64_t number;
    std::int64_t until;
  };

  void release(std::uint64_t signature, std::uint64_t number) noexcept;
  void forget_oldest();

  const std::size_t limit_;
  mutable std::mutex mutex_;
  std::uint64_t uses_ = 0;
  // The first 64 bits of a signature, which nobody without the key can choose, and the number of its use.
  std::unordered_map<std::uint64_t, std::uint64_t> known_;
  std::deque<remembered> order_;  // oldest first, with those that were released
};

}  // namespace eunomia::wire::aws
