#include "wire/http/metrics.h"

#include <gtest/gtest.h>

#include <cmath>

namespace eunomia::wire::http {
namespace {

TEST(metrics, are_told_in_the_text_format_of_prometheus) {
  metrics all;
  all.counter_of("hits_total", "Hits.", {{"route", "/a/{id}"}}).add(3);
  all.counter_of("hits_total", "ignored", {{"route", "/a/{id}"}}).add();
  all.gauge("depth", "Line\nbreak \\ here.", [] { return 2.5; });
  all.gauge("used_seconds_total", "Grows.", [] { return INFINITY; });
  EXPECT_EQ(all.text(),
            "# HELP depth Line\\nbreak \\\\ here.\n# TYPE depth gauge\ndepth 2.5\n"
            "# HELP hits_total Hits.\n# TYPE hits_total counter\nhits_total{route=\"/a/{id}\"} 4\n"
            "# HELP used_seconds_total Grows.\n# TYPE used_seconds_total counter\nused_seconds_total +Inf\n");
}

TEST(metrics, labels_are_escaped) {
  metrics all;
  all.counter_of("a", "A.", {{"l", "x\"y\\z\n"}});
  EXPECT_NE(all.text().find("a{l=\"x\\\"y\\\\z\\n\"} 0\n"), std::string::npos);
}

TEST(metrics, a_histogram_counts_up_to_each_bound) {
  metrics all;
  histogram& times = all.histogram_of("t", "T.", {{"r", "x"}});
  for (const double seconds : {0.0005, 0.0006, 0.004, 100.0}) {
    times.observe(seconds);
  }
  const std::string text = all.text();
  EXPECT_NE(text.find("t_bucket{r=\"x\",le=\"0.0005\"} 1\n"), std::string::npos);
  EXPECT_NE(text.find("t_bucket{r=\"x\",le=\"0.001\"} 2\n"), std::string::npos);
  EXPECT_NE(text.find("t_bucket{r=\"x\",le=\"10\"} 3\n"), std::string::npos);
  EXPECT_NE(text.find("t_bucket{r=\"x\",le=\"+Inf\"} 4\n"), std::string::npos);
  EXPECT_NE(text.find("t_count{r=\"x\"} 4\n"), std::string::npos);
}

}  // namespace
}  // namespace eunomia::wire::http
