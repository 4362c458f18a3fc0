namespace BranchXR
{
    /// <summary>What a carrier's Python is doing.</summary>
    public enum CarrierState
    {
        /// <summary>It is being started, or reached again.</summary>
        Reaching,

        /// <summary>Records cross.</summary>
        Connected,

        /// <summary>It is over, for good; <see cref="IBranchCarrier.Fault"/> says why, if it was one.</summary>
        Ended,
    }

    /// <summary>The way between the block and Python. Its own threads do everything that could wait.</summary>
    /// <remarks>
    /// All members are called by the main thread, and none of them waits, but for <see cref="Fence"/> and
    /// <see cref="Stop"/>, up to their deadlines.
    /// </remarks>
    public interface IBranchCarrier
    {
        /// <summary>For people: "beside the game", "in process".</summary>
        string Name { get; }

        /// <summary>What it is doing; written by its threads.</summary>
        CarrierState State { get; }

        /// <summary>Why it ended or what it cannot do just now, or null.</summary>
        BranchError Fault { get; }

        /// <summary>Begin to start or reach Python. Returns at once.</summary>
        void Start(BranchSettings settings, BranchBlock block);

        /// <summary>Events were put into the block.</summary>
        void Wake();

        /// <summary>Let go of all that is this domain's: threads, sockets. Python goes on.</summary>
        /// <returns>Whether everything had let go in time.</returns>
        bool Fence(int deadlineMs);

        /// <summary>End Python as well.</summary>
        bool Stop(int deadlineMs);
    }
}
