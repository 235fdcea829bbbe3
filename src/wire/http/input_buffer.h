#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace eunomia::wire::http {

// The smallest blocks of input buffers, kept for the next connection of the same thread: a connection has one only
// while it holds bytes, so that thousands of idle ones have none.
class block_pool {
 public:
  static constexpr std::size_t block_bytes = 4096;
  static constexpr std::size_t max_kept = 64;
  using block = std::unique_ptr<char[]>;

  block take() {
    if (kept_.empty()) {
      return std::make_unique_for_overwrite<char[]>(block_bytes);
    }
    block last = std::move(kept_.back());
    kept_.pop_back();
    return last;
  }
  void give_back(block one) {
    if (kept_.size() < max_kept) {
      kept_.push_back(std::move(one));
    }
  }

 private:
  std::vector<block> kept_;
};

// Bytes that arrived and were not consumed yet, in one piece.
class input_buffer {
 public:
  explicit input_buffer(block_pool& pool) : pool_(pool) {}
  ~input_buffer() { release(); }
  input_buffer(const input_buffer&) = delete;
  input_buffer& operator=(const input_buffer&) = delete;

  std::string_view view() const noexcept { return {data_.get() + begin_, end_ - begin_}; }
  bool empty() const noexcept { return begin_ == end_; }
  std::size_t size() const noexcept { return end_ - begin_; }

  // Room behind the bytes; empty when there are limit bytes already.
  std::span<char> space(std::size_t limit) {
    if (begin_ == end_) {
      begin_ = end_ = 0;
    }
    if (data_ == nullptr) {
      data_ = pool_.take();
      capacity_ = block_pool::block_bytes;
    }
    if (end_ == capacity_ && begin_ > 0) {
      std::memmove(data_.get(), data_.get() + begin_, size());
      end_ -= std::exchange(begin_, 0);
    }
    if (end_ == capacity_ && capacity_ < limit) {
      reserve(std::min(capacity_ * 4, limit));
    }
    return {data_.get() + end_, capacity_ - end_};
  }
  void reserve(std::size_t bytes) {
    if (bytes <= capacity_) {
      return;
    }
    auto larger = std::make_unique_for_overwrite<char[]>(bytes);
    std::copy_n(data_.get() + begin_, size(), larger.get());
    end_ -= std::exchange(begin_, 0);
    if (capacity_ == block_pool::block_bytes) {
      pool_.give_back(std::move(data_));
    }
    data_ = std::move(larger);
    capacity_ = bytes;
  }
  void commit(std::size_t bytes) noexcept { end_ += bytes; }
  void consume(std::size_t bytes) noexcept { begin_ += bytes; }
  // Forgets the bytes and gives the memory back.
  void release() {
    if (capacity_ == block_pool::block_bytes) {
      pool_.give_back(std::move(data_));
    }
    data_.reset();
    begin_ = end_ = capacity_ = 0;
  }

 private:
  block_pool& pool_;
  block_pool::block data_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace eunomia::wire::http
