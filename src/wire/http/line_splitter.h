#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace eunomia::wire::http {

// Cuts text that arrives piece by piece into lines. Lines end in LF or CRLF; the last may lack its end.
class line_splitter {
 public:
  // Text is appended here, then noted.
  std::string& tail() noexcept { return text_; }
  void note_appended() noexcept {
    if (const void* last = ::memrchr(text_.data() + noted_, '\n', text_.size() - noted_)) {
      complete_ = static_cast<std::size_t>(static_cast<const char*>(last) - text_.data()) + 1;
    }
    noted_ = text_.size();
  }

  bool has_lines() const noexcept { return complete_ > 0; }
  std::size_t bytes() const noexcept { return text_.size(); }
  // Of the line that has not ended yet.
  std::size_t open_bytes() const noexcept { return text_.size() - complete_; }
  // The number of the first line that drop() has not dropped, from 1.
  std::uint64_t first() const noexcept { return first_; }
  // The end of the text: an open line is a line.
  void end() noexcept { complete_ = text_.size(); }

  // The lines that have ended, without their ends. Views last until drop().
  const std::vector<std::string_view>& lines() {
    lines_.clear();
    std::string_view rest(text_.data(), complete_);
    while (!rest.empty()) {
      const auto feed = rest.find('\n');
      std::string_view line = rest.substr(0, feed);
      rest.remove_prefix(feed == std::string_view::npos ? rest.size() : feed + 1);
      if (line.ends_with('\r')) {
        line.remove_suffix(1);
      }
      lines_.push_back(line);
    }
    return lines_;
  }
  void drop() {
    first_ += lines_.size();
    lines_.clear();
    text_.erase(0, complete_);
    complete_ = 0;
    noted_ = text_.size();
  }

 private:
  std::string text_;
  std::size_t complete_ = 0;
  std::size_t noted_ = 0;
  std::uint64_t first_ = 1;
  std::vector<std::string_view> lines_;
};

}  // namespace eunomia::wire::http
