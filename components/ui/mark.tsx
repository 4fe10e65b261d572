/** Portico's mark: an arch between two columns. Takes the colour of the text around it; `size` in pixels. */
export function Mark({ size = 20 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 16 16" fill="currentColor" aria-hidden="true" focusable="false">
      <path d="M1 14h4v1.5H1zM11 14h4v1.5h-4zM1.75 7.25a6.25 6.25 0 0 1 12.5 0V13h-2.5V7.25a3.75 3.75 0 0 0-7.5 0V13h-2.5z" />
    </svg>
  );
}

/** The arch drawn in lines, for places with room: sign-in and empty states. */
export function ArchDrawing({ width = 120 }: { width?: number }) {
  return (
    <svg
      width={width}
      height={width}
      viewBox="0 0 120 120"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.25"
      className="arch"
      aria-hidden="true"
      focusable="false"
    >
      <path d="M4 116h112M8 112h26M86 112h26M12 108h18M90 108h18" />
      <path d="M14 108V56M28 108V56M92 108V56M106 108V56" />
      <path d="M18.5 106V58M23.5 106V58M96.5 106V58M101.500 106V58" opacity=".45" />
      <path d="M10 56h22M88 56h22M12 52h18M90 52h18" />
      <path d="M14 52a46 46 0 0 1 92 0" />
      <path d="M28 52a32 32 0 0 1 64 0" />
      <path d="M34 52a26 26 0 0 1 52 0" opacity=".45" />
      <path d="m54.500 6.500 2.500 13h6l2.500-13z" />
      <path
        d="M37.200 12.100l7.200 12.500M23.200 24.200l11.200 9.200M82.800 12.100l-7.200 12.500M96.800 24.200l-11.200 9.200M15.800 38.500l13.600 5M104.200 38.500l-13.600 5"
        opacity=".45"
      />
    </svg>
  );
}
