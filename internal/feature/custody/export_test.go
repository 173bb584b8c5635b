package custody

// TimelineOf reads in which home each day of a child is.
var TimelineOf = timelineOf
