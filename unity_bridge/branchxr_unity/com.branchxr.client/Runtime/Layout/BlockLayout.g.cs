// Made by: python -m branchxr_unity.csharp. Do not edit; edit layout.py.

namespace BranchXR
{
    /// <summary>Numbers of the layout that Python has as well.</summary>
    internal static class BlockLayout
    {
        internal const int Version = 1;
        internal const uint Magic = 1112692802;
        internal const int Align = 8;
        internal const int CommandsBytes = 1048576;
        internal const int EventsBytes = 262144;
        internal const int RecordMax = 262144;
        internal const int EventMax = 32768;
        internal const int PuppetsMax = 1024;
        internal const int PuppetsLimit = 16383;
        internal const int PoseFloats = 22;
        internal const int Slabs = 3;
        internal const int SlabSequenceShift = 16;
        internal const int NoSlab = 3;
        internal const int UplinkBytes = 38;
        internal const int HeaderBytes = 512;
        internal const int Padding = 0;
        internal const int FirstUp = 64;
        internal const string Subprotocol = "branchxr.unity.1";
    }

    /// <summary>Where each field of the block's header is.</summary>
    internal static class BlockAt
    {
        internal const int Magic = 0; // u32
        internal const int Version = 4; // u16
        internal const int HeaderBytes = 6; // u16
        internal const int BlockBytes = 8; // u64
        internal const int Identity = 16; // u64
        internal const int CommandsOffset = 24; // u32
        internal const int CommandsBytes = 28; // u32
        internal const int EventsOffset = 32; // u32
        internal const int EventsBytes = 36; // u32
        internal const int SlabsOffset = 40; // u32
        internal const int SlabBytes = 44; // u32
        internal const int PuppetsMax = 48; // u32
        internal const int PoseFloats = 52; // u32
        internal const int CommandsWritten = 64; // u64
        internal const int CommandsDropped = 72; // u64
        internal const int EventsRead = 128; // u64
        internal const int Heartbeat = 136; // u64
        internal const int PythonState = 144; // u64
        internal const int SlabPublished = 192; // u64
        internal const int CommandsRead = 256; // u64
        internal const int EventsWritten = 320; // u64
        internal const int EventsDropped = 328; // u64
        internal const int PosesDropped = 336; // u64
        internal const int SlabHeld = 384; // u64
        internal const int Fence = 448; // u64
    }

    /// <summary>What Python is doing with the block.</summary>
    internal enum PythonState
    {
        Absent = 0,
        Running = 1,
        Fenced = 2,
        Ended = 3,
    }

    /// <summary>The number of each record.</summary>
    internal static class RecordCode
    {
        internal const ushort Hello = 1;
        internal const ushort Frame = 2;
        internal const ushort Puppets = 3;
        internal const ushort Heartbeat = 4;
        internal const ushort Taken = 5;
        internal const ushort Pong = 6;
        internal const ushort Fault = 7;
        internal const ushort Branch = 30;
        internal const ushort You = 8;
        internal const ushort Present = 9;
        internal const ushort Left = 10;
        internal const ushort Heard = 11;
        internal const ushort Place = 12;
        internal const ushort Path = 13;
        internal const ushort Scene = 14;
        internal const ushort Cells = 15;
        internal const ushort Anchors = 16;
        internal const ushort Panel = 17;
        internal const ushort PanelClosed = 18;
        internal const ushort Accounts = 19;
        internal const ushort Notice = 20;
        internal const ushort Busy = 21;
        internal const ushort BranchLink = 22;
        internal const ushort Spawn = 23;
        internal const ushort Move = 24;
        internal const ushort Remove = 25;
        internal const ushort Live = 26;
        internal const ushort Ask = 27;
        internal const ushort AskOver = 28;
        internal const ushort Ended = 29;
        internal const ushort Pose = 64;
        internal const ushort Ping = 65;
        internal const ushort Press = 66;
        internal const ushort Select = 67;
        internal const ushort Arrived = 68;
        internal const ushort Visible = 69;
        internal const ushort Go = 70;
        internal const ushort Chat = 71;
        internal const ushort Emote = 72;
        internal const ushort SignIn = 73;
        internal const ushort SignOut = 74;
        internal const ushort Confirm = 75;
        internal const ushort Refuse = 76;
        internal const ushort Bye = 77;
    }
}
