#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace eunomia::recommend::dense {

// Memory for large matrices: zero-filled, aligned to 64 bytes at least, on huge pages where the kernel grants them (a
// 54 MB matrix then costs 26 page faults and as many TLB entries instead of 13,000).
class memory {
 public:
  memory() = default;
  // Throws errc::resource_exhausted naming the size.
  explicit memory(std::size_t bytes);
  ~memory();
  memory(memory&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  memory& operator=(memory&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }

  void* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }

 private:
  void* data_ = nullptr;
  std::size_t bytes_ = 0;
};

// An array in such memory. Movable, not copyable.
template <class T>
requires std::is_trivially_copyable_v<T>
class buffer {
 public:
  buffer() = default;
  explicit buffer(std::size_t size) : memory_(size * sizeof(T)), size_(size) {}

  T* data() { return static_cast<T*>(memory_.data()); }
  const T* data() const { return static_cast<const T*>(memory_.data()); }
  std::size_t size() const { return size_; }
  T& operator[](std::size_t i) { return data()[i]; }
  const T& operator[](std::size_t i) const { return data()[i]; }

 private:
  memory memory_;
  std::size_t size_ = 0;
};

}  // namespace eunomia::recommend::dense
