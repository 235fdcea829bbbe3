#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Figures for GET /metrics, in Prometheus' text format 0.0.4.
namespace eunomia::wire::http {

using labels = std::vector<std::pair<std::string, std::string>>;

class counter {
 public:
  void add(std::uint64_t n = 1) noexcept { value_.fetch_add(n, std::memory_order_relaxed); }
  std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_ = 0;
};

// Seconds, in the buckets 0.5 ms, 1, 2.5, 5, 10, 25, 50, 100, 250, 500 ms, 1 s, 2.5, 5, 10 s.
class histogram {
 public:
  void observe(double seconds) noexcept;

 private:
  friend class metrics;
  static constexpr std::size_t buckets = 14;
  std::atomic<std::uint64_t> in_bucket_[buckets + 1] = {};
  std::atomic<std::uint64_t> nanoseconds_ = 0;
};

// All of a server's figures. Labels never hold anything of a person: routes by their pattern, not by their path. Any
// thread; a reference stays good as long as this lives.
class metrics {
 public:
  // The one of that name and labels, made when first asked for; a name is for ever of one kind. help is kept from the
  // first call.
  counter& counter_of(std::string_view name, std::string_view help, const labels& with = {});
  histogram& histogram_of(std::string_view name, std::string_view help, const labels& with = {});
  // A figure that is asked for when /metrics is, under a lock: value must neither block nor ask this. A later call of
  // the same name and labels replaces it. A name that ends in _total is told as a counter.
  void gauge(std::string_view name, std::string_view help, std::function<double()> value, const labels& with = {});

  std::string text() const;

 private:
  struct family;
  family& family_of(std::string_view name, std::string_view help);
  static void append_histogram(std::string& out, std::string_view name, const std::string& with, const histogram& of);

  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<family>, std::less<>> families_;
};

}  // namespace eunomia::wire::http
