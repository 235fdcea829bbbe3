#include "wire/http/line_splitter.h"

#include <gtest/gtest.h>

namespace eunomia::wire::http {
namespace {

TEST(line_splitter, lines_are_the_same_however_they_arrive) {
  const std::string text = "one\r\ntwo\n\nfour\nlast";
  for (std::size_t size = 1; size <= text.size(); ++size) {
    line_splitter split;
    std::vector<std::string> got;
    const auto take = [&] {
      EXPECT_EQ(split.first(), got.size() + 1);
      for (const std::string_view line : split.lines()) {
        got.emplace_back(line);
      }
      split.drop();
    };
    for (std::size_t at = 0; at < text.size(); at += size) {
      split.tail() += text.substr(at, size);
      split.note_appended();
      if (split.has_lines()) {
        take();
      }
    }
    split.end();
    take();
    EXPECT_EQ(got, (std::vector<std::string>{"one", "two", "", "four", "last"})) << size;
  }
}

}  // namespace
}  // namespace eunomia::wire::http
